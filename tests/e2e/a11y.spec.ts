import type { Page } from '@playwright/test';
import { findings, findingsInBothThemes } from './axe';
import { expect, open, settled, test } from './site';

/** Opens the page and waits until all of it is there. */
async function openWhole(page: Page, url: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, url);
  await settled(page);
  // What the heads do comes last, and beside the pattern.
  await expect(page.getByRole('grid', { name: 'Attention pattern' })).toBeVisible();
  await expect(page.getByRole('button', { name: /^About “What a head does”/ })).toBeVisible();
}

/** By how many pixels the page, or a panel over it, is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const panels = [...document.querySelectorAll('dialog[open], dialog[open] > *')];
    return Math.max(scrollWidth - clientWidth, ...panels.map((panel) => panel.scrollWidth - panel.clientWidth));
  });
}

test('the page itself, and as it is presented', async ({ page, site }) => {
  await openWhole(page, site.url);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await page.getByRole('grid', { name: 'Logit lens' }).getByRole('gridcell').nth(3).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'Write on' }).click();
  await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.getByText('arcs', { exact: true }).click();
  for (const button of await page.getByRole('button', { name: 'Show as table' }).all()) await button.click();
  expect(await findingsInBothThemes(page)).toEqual([]);
  expect(await overflow(page)).toBeLessThanOrEqual(0);

  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByRole('button', { name: 'Present', exact: true }).click();
  const stage = page.getByRole('navigation', { name: 'Presentation' });
  await expect(stage.getByRole('button', { name: 'Reveal' })).toBeFocused();
  await expect(page.getByText('What comes next?')).toBeVisible();
  await expect(page.getByRole('status', { name: 'Verdict' })).toHaveCount(0);
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText('Paris');
  // However many figures have a slide: each has its own.
  const count = Number(/1 of (\d+)/.exec((await stage.textContent())!)![1]);
  const names = new Set<string>();
  for (let slide = 1; slide <= count; slide++) {
    if (slide > 1) {
      await page.keyboard.press('ArrowRight');
      await expect(stage).toContainText(`${slide} of ${count}`);
      const figure = page.getByRole('main').getByRole('figure').first();
      await expect(figure).toBeVisible();
      names.add((await figure.getAttribute('aria-label'))!);
    }
    expect(await findingsInBothThemes(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  }
  expect(names.size).toBe(count - 1);
  expect(names).toContain('Logit lens');
  await expect(stage.getByRole('button', { name: 'Next' })).toBeDisabled();
  await page.keyboard.press('ArrowLeft');
  await expect(stage).toContainText(`${count - 1} of ${count}`);
  // The first lets go of what was pinned.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(stage).toBeHidden();
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('The capital of France is');
});

test('every panel; nothing asked, and too much asked', async ({ page, site }) => {
  await openWhole(page, site.url);
  const panels = [
    page.getByRole('button', { name: 'Facts', exact: true }),
    page.getByRole('button', { name: 'Export' }),
    ...(await page.getByRole('button', { name: /^About/ }).all()),
  ];
  for (const button of panels) {
    await button.click();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await findingsInBothThemes(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.getByRole('button', { name: 'stable', exact: true }).click();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Display' }).click();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.getByRole('button', { name: 'Show the tour' }).click();
  await expect(page.getByRole('dialog', { name: 'Tour' })).toBeVisible();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Model' }).click();
  await expect(page.getByRole('option', { name: 'Atlas' })).toBeVisible();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.getByRole('option', { name: 'More models…' }).click();
  await expect(page.getByRole('dialog', { name: 'Models' })).toContainText('On this device');
  expect(await findingsInBothThemes(page)).toEqual([]);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await page.keyboard.press('Escape');

  await page.getByRole('textbox', { name: 'Prompt' }).fill('');
  await expect(page.getByText('Type the beginning of a fact')).toBeVisible();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('word '.repeat(200));
  await expect(page.getByText(/tokens too long/)).toBeVisible();
  expect(await findingsInBothThemes(page)).toEqual([]);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
});

test('on a phone nothing sticks out', async ({ page, site }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openWhole(page, site.url);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  expect(await findings(page)).toEqual([]);
});
