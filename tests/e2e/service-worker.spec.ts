import type { Page } from '@playwright/test';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { begun, controlled, expect, Site, test } from './site';

test.use({ serviceWorkers: 'allow' });

test('a plain static host becomes isolated after exactly one reload, and stays so without the network', async ({
  page,
}) => {
  const site = await Site.start({ isolated: false });
  try {
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.goto(site.url);
    await page.waitForFunction(() => crossOriginIsolated);
    await begun(page);
    expect(loads).toBe(2);
    expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe('function');
    await site.down();
    await page.reload();
    await page.waitForFunction(() => crossOriginIsolated);
    await begun(page);
    expect(loads).toBe(3);
  } finally {
    await site.remove();
  }
});

test('a host that sends the headers needs no reload, and the app can be installed', async ({ page, site }) => {
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.goto(site.url);
  await controlled(page);
  await begun(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(loads).toBe(1);
  const session = await page.context().newCDPSession(page);
  const manifest = await session.send('Page.getAppManifest');
  expect(manifest.errors).toEqual([]);
  const { icons, screenshots } = JSON.parse(manifest.data ?? '{}') as Record<string, { src: string; sizes: string }[]>;
  for (const { src, sizes } of [...icons!, ...screenshots!]) {
    const size = await pictureSize(page, new URL(src, manifest.url).href);
    expect(size, src).toMatch(sizes === 'any' ? /^[1-9]/ : new RegExp(`^${sizes}$`));
  }
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // Each test has a browser profile of its own, which counts as private.
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
});

test('without isolation there is no reload loop', async ({ page }) => {
  const site = await Site.start({ isolated: false });
  try {
    // A service worker that never comes into being, as with storage blocked.
    await rm(join(site.folder, 'sw.js'));
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.goto(site.url);
    await begun(page);
    expect(loads).toBe(1);
    await expect(page.locator('#app')).not.toBeEmpty();
  } finally {
    await site.remove();
  }
});

test('the page’s policy is in force, its scripts are isolated, and only the shell is precached', async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  await controlled(page);
  const headers = await page.evaluate(async () => {
    const script = document.querySelector<HTMLScriptElement>('script[src]')?.src ?? '';
    const seen: (string | null)[] = [];
    seen.push((await fetch(script)).headers.get('Cross-Origin-Embedder-Policy'));
    seen.push((await fetch(script)).headers.get('Content-Security-Policy'));
    return seen;
  });
  expect(headers).toEqual(['require-corp', null]);

  const precached = await page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith('strata-shell-'));
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(precached).toContain('/index.html');
  expect(precached.filter((path) => /\.(wasm|onnx)$/.test(path))).toEqual([]);

  const outcome = await page.evaluate(async () => {
    const violations: string[] = [];
    const told = new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => {
        violations.push(event.effectiveDirective);
        if (event.effectiveDirective === 'connect-src') resolve(undefined);
      });
    });
    const inline = document.createElement('script');
    try {
      inline.textContent = 'window.ran = true';
      document.head.append(inline);
    } catch {
      violations.push('trusted-types');
    }
    await fetch('https://example.com/').catch(() => undefined);
    await told;
    return { violations, ran: 'ran' in window };
  });
  expect(outcome.ran).toBe(false);
  expect(outcome.violations).toContain('connect-src');
});

/** Width and height as the browser reads them, written as in a manifest. */
async function pictureSize(page: Page, url: string): Promise<string> {
  return page.evaluate(async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    return `${image.naturalWidth}x${image.naturalHeight}`;
  }, url);
}
