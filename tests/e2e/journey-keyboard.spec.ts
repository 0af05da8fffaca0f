import type { Page } from '@playwright/test';
import { expect, probed, test } from './site';

/** What has the focus, by role-ish words that a person would hear. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    return `${element?.getAttribute('role') ?? element?.tagName ?? ''} ${element?.getAttribute('aria-label') ?? element?.textContent ?? ''}`.trim();
  });

/** Presses Tab until the focus is on something that matches. */
async function tabTo(page: Page, wanted: RegExp, limit = 60): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < limit; step++) {
    await page.keyboard.press('Tab');
    const here = await focused(page);
    if (wanted.test(here)) return;
    passed.push(here.slice(0, 40));
  }
  throw new Error(`Tab never reached ${wanted}; it passed: ${passed.join(' | ')}`);
}

test('the whole journey by keyboard alone', async ({ page, site, complaints }) => {
  await page.goto(site.url);
  await probed(page);
  const tour = page.getByRole('dialog', { name: 'Tour' });
  await expect(tour).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(tour).toBeHidden();

  const verdict = page.getByRole('status', { name: 'Verdict' });
  await page.getByRole('textbox', { name: 'Prompt' }).focus();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('The capital of Italy is');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('Rome');
  await page.keyboard.press('Enter');
  await expect(verdict).toContainText('Rome');

  await tabTo(page, /^BUTTON Token \d/);
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  expect(await focused(page)).toMatch(/·Italy/);
  await page.keyboard.press('Space');
  const italy = page.getByRole('button', { name: /^Token \d+: ·Italy/ });
  const pressed = await italy.getAttribute('aria-pressed');
  await page.keyboard.press('Space');
  await expect(italy).not.toHaveAttribute('aria-pressed', pressed ?? '');

  await tabTo(page, /^gridcell/);
  const lens = page.getByRole('grid', { name: 'Logit lens' });
  await expect(lens.locator(':focus')).toHaveAttribute('data-row', '0');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await expect(lens.getByRole('row', { name: 'Layer 6', exact: true }).locator(':focus')).toHaveCount(1);
  await expect(page.getByRole('region', { name: /^Layer 6, after ·Italy/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(lens.locator('[aria-selected=true]')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(lens.locator('[aria-selected=true]')).toHaveCount(0);

  await tabTo(page, /^gridcell Layer \d, head \d/);
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Layer 8, head 2' })).toBeVisible();
  await tabTo(page, /^gridcell .* looks at /);
  await page.keyboard.press('Control+Home');
  expect(await focused(page)).toMatch(/looks at .*: 100/);

  await tabTo(page, /^BUTTON Write on/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);

  await page.getByRole('button', { name: 'Facts', exact: true }).focus();
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
