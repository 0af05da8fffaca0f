import { chromium, type Frame, type Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ATLAS, expect, test } from './site';

/** What the browser really says of storage to this page. */
const refused = (page: Page | Frame): Promise<string[]> =>
  page.evaluate(async () => {
    const asked: Record<string, () => unknown> = {
      localStorage: () => localStorage.length,
      caches: () => caches.open('x'),
      locks: () => navigator.locks.request('x', () => undefined),
    };
    const names = Object.keys(asked).map(async (name) => {
      try {
        await asked[name]!();
        return [];
      } catch {
        return [name];
      }
    });
    return (await Promise.all(names)).flat();
  });

/** A page of another site, with Strata in a frame. */
async function embedding(url: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<iframe src="${url}" width="1200" height="800"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

for (const place of ['in its own tab', 'in a frame of another site'] as const) {
  test(`where storage and locks are denied, ${place}: everything works from memory, and the page says so`, async ({
    site,
    launchOptions,
    viewport,
  }, info) => {
    const profile = info.outputPath('profile');
    await mkdir(join(profile, 'Default'), { recursive: true });
    // As a person's setting, or a school's, that no site may keep anything.
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    await writeFile(join(profile, 'Default/Preferences'), JSON.stringify(settings));
    const context = await chromium.launchPersistentContext(profile, { ...launchOptions, viewport });
    const outer = await embedding(site.url);
    try {
      const page = await context.newPage();
      await page.goto(place === 'in its own tab' ? site.url : outer.url);
      const strata = place === 'in its own tab' ? page.mainFrame() : page.frameLocator('iframe').owner();
      const frame = 'contentFrame' in strata ? (await (await strata.elementHandle())!.contentFrame())! : strata;
      await expect(frame.getByRole('status', { name: 'Verdict' })).toContainText('Paris', { timeout: 120_000 });
      expect(await refused(frame)).toEqual(['localStorage', 'caches', 'locks']);
      await expect(frame.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(2 + ATLAS.layers);
      await frame.getByRole('button', { name: 'Skip the tour' }).click();
      await frame.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
      await expect(frame.getByRole('grid', { name: 'Logit lens' })).toContainText('·Italy');
      await frame.getByRole('combobox', { name: 'Model' }).click();
      await frame.getByRole('option', { name: 'More models…' }).click();
      await expect(frame.getByRole('dialog', { name: 'Models' })).toContainText(
        'This browser keeps nothing for this page',
      );
    } finally {
      outer.close();
      await context.close();
    }
  });
}
