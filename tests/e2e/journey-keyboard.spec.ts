import type { Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { answered, ATLAS, expect, probed, test } from './site';

/** What has the focus, by role-ish words that a person would hear. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const field = element?.matches('input, textarea, select') ? (element as HTMLInputElement).labels?.[0] : undefined;
    const name = element?.getAttribute('aria-label') ?? field?.textContent ?? element?.textContent ?? '';
    return `${element?.getAttribute('role') ?? element?.tagName ?? ''} ${name.trim()}`;
  });

/** Presses Tab until the focus is on something that matches; from the page's end it goes on at its start. */
async function tabTo(page: Page, wanted: RegExp, limit = 120): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < limit; step++) {
    await page.keyboard.press('Tab');
    const here = await focused(page);
    if (wanted.test(here)) return;
    passed.push(here.slice(0, 40));
  }
  throw new Error(`Tab never reached ${wanted}; it passed: ${passed.join(' | ')}`);
}

test('the whole journey by keyboard alone', async ({ page, context, site, complaints }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(site.url);
  await probed(page);
  const tour = page.getByRole('dialog', { name: 'Tour' });
  await expect(tour).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(tour).toBeHidden();

  const verdict = page.getByRole('status', { name: 'Verdict' });
  await tabTo(page, /^TEXTAREA Prompt/);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('The capital of Italy is');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('Rome');
  await page.keyboard.press('Enter');
  await answered(page);
  await expect(verdict).toContainText('Rome');

  await tabTo(page, /^BUTTON Token \d/);
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => focused(page)).toMatch(/·Italy/);
  const italy = page.getByRole('button', { name: /^Token \d+: ·Italy/ });
  await expect(italy).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Space');
  await expect(italy).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Space');
  await expect(italy).toHaveAttribute('aria-pressed', 'true');

  await tabTo(page, /^gridcell/);
  const lens = page.getByRole('grid', { name: 'Logit lens' });
  await expect(lens.locator(':focus')).toHaveAttribute('data-row', '0');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  const second = `Layer ${ATLAS.layers - 2}`;
  await expect(lens.getByRole('row', { name: second, exact: true }).locator(':focus')).toHaveCount(1);
  await expect(page.getByRole('region', { name: new RegExp(`^${second}, after ·Italy`) })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(lens.locator('[aria-selected=true]')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(lens.locator('[aria-selected=true]')).toHaveCount(0);

  await tabTo(page, /^SELECT Column/);
  const column = page.getByRole('combobox', { name: 'Column' }).locator(':checked');
  await expect(column).toHaveText(/^·is/);
  await page.keyboard.press('ArrowUp');
  await expect(column).toHaveText('·Italy');
  await page.keyboard.press('Escape');
  await expect(column).toHaveText(/^·is/);

  await tabTo(page, /^gridcell Layer \d, head \d/);
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: `Layer ${ATLAS.layers}, head 2` })).toBeVisible();
  await tabTo(page, /^gridcell .* looks at /);
  await page.keyboard.press('Control+Home');
  await expect.poll(() => focused(page)).toMatch(/looks at .*: 100/);

  await tabTo(page, /^BUTTON Write on/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);

  await tabTo(page, /^combobox Model/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('option', { name: 'Atlas' })).toBeVisible();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  const models = page.getByRole('dialog', { name: 'Models' });
  await expect(models).toBeVisible();
  await tabTo(page, /^INPUT Hub id/);
  await page.keyboard.press('Escape');
  await expect(models).toBeHidden();

  await tabTo(page, /^BUTTON Share/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('is copied')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('Italy');

  await tabTo(page, /^BUTTON Export/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^BUTTON Emergence as CSV/);
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  expect(await readFile(await (await download).path(), 'utf8')).toContain('Rome');
  await page.keyboard.press('Escape');

  await tabTo(page, /^BUTTON Facts/);
  await page.keyboard.press('Enter');
  const gallery = page.getByRole('dialog');
  await expect(gallery.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('Spain');
  await tabTo(page, /^BUTTON .*Spain/);
  await page.keyboard.press('Enter');
  await expect(gallery).toBeHidden();
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue(/Spain/);
  expect(complaints.all).toEqual([]);
});
