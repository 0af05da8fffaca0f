import type { Page } from '@playwright/test';
import { findings } from './axe';
import { answered, ATLAS, expect, open, settled, test } from './site';

const stage = (page: Page) => page.getByRole('navigation', { name: 'Presentation' });

async function present(page: Page, url: string, width: number, height: number): Promise<void> {
  await page.setViewportSize({ width, height });
  await open(page, url);
  await settled(page);
  await page.getByRole('button', { name: 'Present', exact: true }).click();
  await expect(stage(page).getByRole('button', { name: 'Reveal' })).toBeFocused();
}

/** What is on the screen above the bar, of all that matches: the corners of the box round it. */
const boxOf = (page: Page, selector: string) =>
  page.evaluate((query) => {
    const boxes = [...document.querySelectorAll(query)].map((element) => element.getBoundingClientRect());
    const bar = document.querySelector('nav')!.getBoundingClientRect();
    return {
      count: boxes.length,
      left: Math.min(...boxes.map((box) => box.left)),
      right: Math.max(...boxes.map((box) => box.right)),
      top: Math.min(...boxes.map((box) => box.top)),
      bottom: Math.max(...boxes.map((box) => box.bottom)),
      bar: bar.top,
      width: document.documentElement.clientWidth,
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    };
  }, selector);

const SIZES = [
  ['1024 × 768', 1024, 768],
  ['1024 × 768 at 125 %', 819, 614],
  ['1366 × 768', 1366, 768],
  ['640 × 400', 640, 400],
  ['a phone', 390, 844],
  ['a tablet', 820, 1180],
] as const;

test('on every screen the answer’s column and the whole wall of heads are seen', async ({ page, site }) => {
  await present(page, site.url, 1440, 900);
  for (const [name, width, height] of SIZES) {
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width, height });
    await page.getByRole('button', { name: 'Present', exact: true }).click();
    await expect(stage(page), name).toBeVisible();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('figure', { name: 'Logit lens' })).toBeVisible();
    // The last cell of every row, which is where the answer comes.
    const column = '[role=grid][aria-label="Logit lens"] [role=row] > [role=gridcell]:last-child';
    await expect(async () => {
      const box = await boxOf(page, column);
      expect(box.count).toBe(ATLAS.layers + 1);
      expect([box.left >= 0, box.right <= box.width, box.top >= 0]).toEqual([true, true, true]);
      expect(box.bottom).toBeLessThanOrEqual(box.bar);
      expect(box.sideways).toBeLessThanOrEqual(0);
    }).toPass({ timeout: 10_000 });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('grid', { name: 'Attention heads' })).toBeVisible();
    await expect(async () => {
      const box = await boxOf(page, '[role=grid][aria-label="Attention heads"] [role=gridcell]');
      expect(box.count).toBe(ATLAS.layers * ATLAS.heads);
      expect([box.left >= 0, box.right <= box.width, box.top >= 0]).toEqual([true, true, true]);
      expect(box.bottom).toBeLessThanOrEqual(box.bar);
      expect(box.sideways).toBeLessThanOrEqual(0);
    }).toPass({ timeout: 10_000 });
  }
});

test('the answer is hidden until it is asked for, in the list of facts too; a question comes from the room', async ({
  page,
  site,
  complaints,
}) => {
  await present(page, site.url, 1024, 768);
  expect(await page.locator('main').innerText()).not.toContain('Paris');
  await expect(page.getByRole('status', { name: 'Verdict' })).toHaveCount(0);

  await stage(page).getByRole('button', { name: 'Facts' }).click();
  const facts = page.getByRole('dialog').getByRole('list', { name: 'Facts' });
  await page.getByRole('searchbox').fill('Norway');
  await expect(facts.getByRole('img', { name: 'answer covered' }).first()).toBeVisible();
  expect(await facts.innerText()).not.toContain('Oslo');
  expect(await findings(page)).toEqual([]);
  await facts.getByRole('button').first().click();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BUTTON');
  expect(await page.locator('main').innerText()).not.toContain('Oslo');

  await stage(page).getByRole('button', { name: 'Own question' }).click();
  const begins = page.getByRole('textbox', { name: 'How does it begin?' });
  await expect(begins).toBeFocused();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(begins).toBeHidden();
  await expect(stage(page)).toBeVisible();
  await stage(page).getByRole('button', { name: 'Own question' }).click();
  await begins.fill('The capital of Italy is');
  await page.getByRole('textbox', { name: 'Expected answer, covered' }).fill('Rome');
  await page.keyboard.press('Enter');
  await expect(stage(page).getByRole('button', { name: 'Reveal' })).toBeFocused();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('The capital of Italy is');
  expect(await page.locator('main').innerText()).not.toContain('Rome');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText('Rome');
  expect(complaints.all).toEqual([]);
});

test('the end looks like the end and keeps the focus; leaving leads back to where it began', async ({ page, site }) => {
  await present(page, site.url, 1366, 768);
  for (let step = 0; step < 20; step++) await page.keyboard.press('Enter');
  const next = stage(page).getByRole('button', { name: 'Next' });
  await expect(stage(page)).toContainText(/\b(\d+) of \1\b/);
  await expect(next).toBeDisabled();
  await expect(next).toBeFocused();
  const looks = await next.evaluate((element) => {
    const own = getComputedStyle(element);
    const probe = document.createElement('div');
    probe.style.color = 'var(--act)';
    document.body.append(probe);
    const act = getComputedStyle(probe).color;
    probe.remove();
    return { primary: own.backgroundColor === act, line: own.borderStyle };
  });
  expect(looks).toEqual({ primary: false, line: 'dashed' });
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Present', exact: true })).toBeFocused();
  await answered(page);
});
