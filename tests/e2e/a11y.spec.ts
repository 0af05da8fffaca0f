import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, probed, test } from './site';

/** What axe finds, short enough to read in a failure. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join('\n')}`,
  );
}

async function open(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('strata:tour-seen', 'true'));
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(url);
  await probed(page);
  await expect(page.getByRole('grid', { name: 'Attention pattern' })).toBeVisible();
  await expect(page.locator('main [aria-busy=false]')).toHaveCount(1);
}

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    test('the page itself', async ({ page, site }) => {
      await open(page, site.url);
      await page.getByRole('grid', { name: 'Logit lens' }).getByRole('gridcell').nth(3).click();
      await page.getByRole('button', { name: 'Keep' }).click();
      await page.getByRole('button', { name: 'Write on' }).click();
      await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);
      expect(await findings(page)).toEqual([]);
      await page.getByText('arcs', { exact: true }).click();
      for (const button of await page.getByRole('button', { name: 'Show as table' }).all()) await button.click();
      expect(await findings(page)).toEqual([]);
    });

    test('every panel', async ({ page, site }) => {
      await open(page, site.url);
      const panels = [
        page.getByRole('button', { name: 'Facts', exact: true }),
        page.getByRole('button', { name: 'Export' }),
        ...(await page.getByRole('button', { name: /^About/ }).all()),
      ];
      for (const button of panels) {
        await button.click();
        await expect(page.getByRole('dialog')).toBeVisible();
        expect(await findings(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toBeHidden();
      }
      await page.getByRole('button', { name: 'stable', exact: true }).click();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Display' }).click();
      expect(await findings(page)).toEqual([]);
      await page.getByRole('button', { name: 'Show the tour' }).click();
      await expect(page.getByRole('dialog', { name: 'Tour' })).toBeVisible();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('combobox', { name: 'Model' }).click();
      await expect(page.getByRole('option', { name: 'Atlas' })).toBeVisible();
      expect(await findings(page)).toEqual([]);
    });

    test('nothing asked, and too much asked', async ({ page, site }) => {
      await open(page, site.url);
      await page.getByRole('textbox', { name: 'Prompt' }).fill('');
      await expect(page.getByText('Type the beginning of a fact')).toBeVisible();
      expect(await findings(page)).toEqual([]);
      await page.getByRole('textbox', { name: 'Prompt' }).fill('word '.repeat(200));
      await expect(page.getByText(/tokens too long/)).toBeVisible();
      expect(await findings(page)).toEqual([]);
    });
  });
}

test('on a phone nothing sticks out', async ({ page, site }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, site.url);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await findings(page)).toEqual([]);
});
