import type { Page } from '@playwright/test';
import { findings } from './axe';
import { answered, ATLAS, expect, open, probed, settled, test } from './site';

const LONG =
  'In the spring of the year when the old bridge over the river was closed, the teacher told the class that the capital ' +
  'of France is Paris, that the capital of Italy is Rome, that the capital of Spain is Madrid, and that everyone should ' +
  'remember these names before the holidays began, because the test would ask for all of them one by one, and then she ' +
  'said once more that the capital of Germany is';

async function openSettled(page: Page, url: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, url);
  await settled(page);
  await expect(page.getByRole('grid', { name: 'Attention heads' })).toBeVisible();
}

async function ask(page: Page, prompt: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await answered(page);
}

const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const panels = [...document.querySelectorAll('dialog[open], dialog[open] > *')];
    return Math.max(scrollWidth - clientWidth, ...panels.map((panel) => panel.scrollWidth - panel.clientWidth));
  });

/** What has the focus: never nothing. */
const hasFocus = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element && element !== document.body
      ? (element.getAttribute('aria-label') ?? element.textContent.trim())
      : '';
  });

test.describe('the focus', () => {
  test('goes back to what opened a panel, whichever it is and however it is left', async ({ page, site }) => {
    await openSettled(page, site.url);
    const openers = [
      ...(await page.getByRole('button', { name: /^About/ }).all()),
      page.getByRole('button', { name: 'Facts', exact: true }),
      page.getByRole('button', { name: 'Export' }),
    ];
    for (const opener of openers) {
      for (const leave of ['Escape', 'Close'] as const) {
        await opener.focus();
        await page.keyboard.press('Enter');
        await expect(page.getByRole('dialog')).toBeVisible();
        // Its text comes later and is as good as the panel.
        await expect(page.getByRole('dialog').getByText('Opening the page')).toHaveCount(0);
        if (leave === 'Escape') await page.keyboard.press('Escape');
        else await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
        await expect(page.locator('dialog')).toHaveCount(0);
        await expect(opener).toBeFocused();
      }
    }
  });

  test('goes on from what was chosen, removed or finished', async ({ page, site }) => {
    await openSettled(page, site.url);
    await page.getByRole('button', { name: 'Facts', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('searchbox').fill('Spain');
    await page.getByRole('dialog').getByRole('list', { name: 'Facts' }).getByRole('button').first().focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect.poll(() => hasFocus(page)).toBe('Facts');
    await answered(page);

    // A button that is gone once it is pressed.
    await page.getByRole('button', { name: 'Clear the subject' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Clear the subject' })).toHaveCount(0);
    await expect.poll(() => hasFocus(page)).not.toBe('');

    // One that another takes the place of.
    await page.getByRole('button', { name: 'Write on' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);
    await expect.poll(() => hasFocus(page)).toBe('Write on');

    const lens = page.getByRole('figure', { name: 'Logit lens' });
    await lens.getByRole('gridcell').nth(3).click();
    await lens.getByRole('button', { name: 'Let go' }).first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => hasFocus(page)).not.toBe('');

    await page.getByRole('button', { name: 'Keep' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Remove/ }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: /^Remove/ })).toHaveCount(0);
    await expect.poll(() => hasFocus(page)).not.toBe('');
  });

  test('is not at the top after the tour', async ({ page, site }) => {
    await page.goto(site.url);
    await probed(page);
    await expect(page.getByRole('dialog', { name: 'Tour' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog', { name: 'Tour' })).toBeHidden();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('verdict');
  });
});

test.describe('where the system sets the colours', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`what is chosen is seen, and bars and legends stand (${colorScheme})`, async ({ page, site }) => {
      await page.emulateMedia({ forcedColors: 'active', colorScheme, reducedMotion: 'reduce' });
      await open(page, site.url);
      await settled(page);
      await expect(page.getByRole('grid', { name: 'Attention heads' })).toBeVisible();
      const painted = await page.evaluate(() => {
        const style = (selector: string) => getComputedStyle(document.querySelector(selector)!);
        const system = (name: string): string => {
          const probe = document.createElement('i');
          probe.style.cssText = `forced-color-adjust: none; color: ${name}`;
          document.body.append(probe);
          const { color } = getComputedStyle(probe);
          probe.remove();
          return color;
        };
        return {
          highlight: system('Highlight'),
          canvas: system('Canvas'),
          chosenSwitch: style('.switch label:has(:checked)').backgroundColor,
          otherSwitch: style('.switch label:not(:has(:checked))').backgroundColor,
          subject: style('.strip [aria-pressed=true]').backgroundColor,
          notSubject: style('.strip [aria-pressed=false]').backgroundColor,
          chosenHead: style('[role=gridcell][aria-selected=true][data-head]').borderTopColor,
          otherHead: style('[role=gridcell][aria-selected=false][data-head]').borderTopColor,
          answerBar: style('ol .answer .bar').backgroundColor,
          share: style('.track .bar').backgroundColor,
          legend: style('li.answer i').backgroundColor,
          answerCell: style('[role=gridcell].answer').backgroundColor,
          plainCell: style('[role=row]:last-child > [role=gridcell].plain').backgroundColor,
        };
      });
      const { highlight, canvas } = painted;
      expect(painted.chosenSwitch).toBe(highlight);
      expect(painted.otherSwitch).not.toBe(highlight);
      expect(painted.subject).toBe(highlight);
      expect(painted.notSubject).not.toBe(highlight);
      expect(painted.chosenHead).toBe(highlight);
      expect(painted.otherHead).not.toBe(highlight);
      for (const seen of [painted.answerBar, painted.share, painted.legend, painted.answerCell])
        expect(seen).not.toBe(canvas);
      await page.getByRole('button', { name: 'Keep' }).click();
      await expect(page.getByRole('button', { name: 'Kept' })).toHaveCSS('background-color', highlight);
    });
  }
});

/** Things to press that are smaller than 24 × 24 pixels. */
const small = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const LEAST = 24 - 0.1;
    const modal = document.querySelector('dialog:modal');
    const all = (modal ?? document).querySelectorAll<HTMLElement>(
      'button, a[href], select, summary, textarea, input:not([type=radio]), label:has(> input), [role=gridcell]',
    );
    return [...all]
      .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .filter((element) => getComputedStyle(element).pointerEvents !== 'none' && !element.closest('.visually-hidden'))
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width > 1 && (width < LEAST || height < LEAST);
      })
      .map((element) => {
        const { width, height } = element.getBoundingClientRect();
        return `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 20)}: ${width} × ${height}`;
      });
  });

test('everything that can be pressed is 24 pixels wide and high', async ({ page, site }) => {
  await openSettled(page, site.url);
  expect(await small(page)).toEqual([]);
  await page.getByRole('button', { name: 'Write on' }).click();
  await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);
  await page.getByText('arcs', { exact: true }).click();
  await page.getByRole('grid', { name: 'Logit lens' }).getByRole('gridcell').nth(3).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  expect(await small(page)).toEqual([]);
  await ask(page, LONG);
  expect(await small(page)).toEqual([]);
  for (const name of ['Facts', 'Export']) {
    await page.getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('dialog').getByRole('button').nth(1)).toBeVisible();
    expect(await small(page)).toEqual([]);
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: 'Present', exact: true }).click();
  for (let step = 0; step < 5; step++) {
    await page.keyboard.press('ArrowRight');
    expect(await small(page)).toEqual([]);
  }
});

/** A narrow window, and windows of 1280 × 900 and 1440 × 900 at 200 %. */
const NARROW = [
  [320, 640],
  [640, 450],
  [720, 450],
] as const;

test('in narrow and enlarged windows nothing scrolls sideways, and nothing covers the verdict', async ({
  page,
  site,
}) => {
  await openSettled(page, site.url);
  for (const [width, height] of NARROW) {
    await page.setViewportSize({ width, height });
    await ask(page, 'The capital of France is');
    expect(await sideways(page)).toBeLessThanOrEqual(0);
    for (const table of await page.getByRole('button', { name: 'Show as table' }).all()) await table.click();
    expect(await sideways(page)).toBeLessThanOrEqual(0);
    for (const table of await page.getByRole('button', { name: 'Show as table' }).all()) await table.click();
    for (const opener of ['Facts', 'Export']) {
      await page.getByRole('button', { name: opener, exact: true }).click();
      await expect(page.getByRole('dialog').getByRole('button').nth(1)).toBeVisible();
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      await page.keyboard.press('Escape');
    }
    // Another text each time: what was asked before is answered at once.
    await page.getByRole('textbox', { name: 'Prompt' }).fill(`At ${width} pixels: ${LONG}`);
    const toast = page.getByRole('group', { name: 'Work under way' });
    await expect(toast).toBeVisible();
    const cover = await page.evaluate(() => {
      const card = document.querySelector('[role=group] progress')!.parentElement!.getBoundingClientRect();
      document.querySelector('#verdict')!.scrollIntoView({ block: 'nearest' });
      const verdict = document.querySelector('#verdict .main')!.getBoundingClientRect();
      const down = Math.min(card.bottom, verdict.bottom) - Math.max(card.top, verdict.top);
      const across = Math.min(card.right, verdict.right) - Math.max(card.left, verdict.left);
      return Math.min(down, across);
    });
    expect(cover).toBeLessThanOrEqual(0);
    await answered(page, 60_000);
    expect(await sideways(page)).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'Present', exact: true }).click();
    for (let step = 0; step < 6; step++) {
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('Escape');
  }
});

/** Width and height of a window, and how many columns of a long prompt are seen there at least. */
const SIZES = [
  [2560, 1440, 30],
  [1440, 900, 12],
  [1024, 768, 12],
  [820, 1180, 10],
  [390, 844, 4],
] as const;

test.describe('a long prompt', () => {
  test('takes the width there is, and one can step through all of it', async ({ page, site }) => {
    await openSettled(page, site.url);
    await page.getByRole('textbox', { name: 'Answer' }).fill('Berlin');
    for (const [width, height, least] of SIZES) {
      await page.setViewportSize({ width, height });
      // Asked anew, so that it opens at its end.
      await ask(page, 'The capital of Italy is');
      await ask(page, LONG);
      await settled(page);
      const inSight = () =>
        page.evaluate(async () => {
          // Cells come a frame after the place is scrolled to.
          for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
          const scroller = document.querySelector('[role=grid][aria-label="Logit lens"]')!.parentElement!;
          const box = scroller.getBoundingClientRect();
          const head = scroller.querySelector('[role=rowheader]')!.getBoundingClientRect();
          const cells = [...scroller.querySelectorAll<HTMLElement>('[role=gridcell][data-row="0"]')];
          const whole = cells.filter((cell) => {
            const { left, right } = cell.getBoundingClientRect();
            return left >= head.right - 4 && right <= box.right + 1;
          });
          return whole.map((cell) => Number(cell.dataset['column']));
        });
      const first = await inSight();
      expect(first.length).toBeGreaterThanOrEqual(least);
      const tokens = Number(/(\d+) of 128/.exec(await page.locator('.room').innerText())![1]);
      expect(first.at(-1)).toBe(tokens - 1);

      // Backwards to the beginning: every step is almost a page, and leaves out no column.
      const steps = page.getByRole('group', { name: 'Columns in sight' });
      const seen = new Set(first);
      let pages = 0;
      while (!seen.has(0)) {
        const before = await inSight();
        await steps.getByRole('button', { name: / before$/ }).click();
        await expect(async () => {
          const now = await inSight();
          expect(now[0]).toBeLessThan(before[0]!);
          expect(now).toContain(before[0]);
          expect(now).toEqual(now.map((_, nth) => now[0]! + nth));
          for (const column of now) seen.add(column);
        }).toPass({ timeout: 5000 });
        expect(++pages).toBeLessThan(40);
      }
      expect(seen.size).toBe(tokens);
      await expect(steps.getByRole('button', { name: '0 before' })).toBeDisabled();
      await expect(steps.getByRole('button', { name: / after/ })).toBeEnabled();
      const toSubject = steps.getByRole('button', { name: 'Subject' });
      if (await toSubject.isEnabled()) await toSubject.click();
      const germany = page.getByRole('columnheader').filter({ hasText: '·Ger' });
      await expect(germany).toBeInViewport();
      expect(await findings(page)).toEqual([]);

      // The marked subject is in the strip, and so is the answer where there is room for both.
      const subject = page.locator('.strip [aria-pressed=true]').first();
      const inside = await subject.evaluate((token) => {
        const strip = token.closest('.strip')!.getBoundingClientRect();
        const box = token.getBoundingClientRect();
        return box.top >= strip.top - 1 && box.bottom <= strip.bottom + 1;
      });
      expect(inside).toBe(true);
      await expect(page.getByText('Subject: Germany')).toBeVisible();
      expect(await sideways(page)).toBeLessThanOrEqual(0);
    }
  });

  test('keeps a subject at its beginning in sight, too', async ({ page, site }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await openSettled(page, site.url);
    const beginning = `Germany is a country. ${LONG.replace(/ that the capital of Germany is$/, ' about it: it is in')}`;
    await ask(page, beginning);
    await page.getByRole('button', { name: /^Token 1: / }).click();
    await answered(page);
    await expect
      .poll(() =>
        page
          .locator('.strip [aria-pressed=true]')
          .first()
          .evaluate((token) => {
            const strip = token.closest('.strip')!.getBoundingClientRect();
            const box = token.getBoundingClientRect();
            return box.top >= strip.top - 1 && box.bottom <= strip.bottom + 1;
          }),
      )
      .toBe(true);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('what a tap changes is on the screen, and one cell has one card', async ({ page, site }) => {
    await openSettled(page, site.url);
    const wall = page.getByRole('grid', { name: 'Attention heads' });
    await wall
      .getByRole('gridcell', { name: `Layer ${ATLAS.layers}, head 1`, exact: false })
      .first()
      .tap();
    await expect(page.getByRole('heading', { name: `Layer ${ATLAS.layers}, head 1`, exact: true })).toBeInViewport();

    const lens = page.getByRole('grid', { name: 'Logit lens' });
    const cell = lens.getByRole('gridcell').nth(1);
    await cell.scrollIntoViewIfNeeded();
    await cell.tap();
    const cards = page.getByRole('figure', { name: 'Logit lens' }).getByRole('region');
    await expect(cards).toHaveCount(1);
    await expect(cards.first()).toBeInViewport();
    await expect(cards.first().getByRole('button', { name: 'Let go' })).toBeVisible();

    await lens.getByRole('columnheader').getByRole('button').nth(1).tap();
    await expect(page.getByRole('figure', { name: 'Emergence' })).toBeInViewport();
    await page.getByRole('button', { name: /^Layer 1: .* on average/ }).tap();
    await expect(page.getByRole('heading', { name: /^Layer 1, head \d/ })).toBeInViewport();
  });

  test('the tour says where things are', async ({ page, site }) => {
    await page.goto(site.url);
    await probed(page);
    const tour = page.getByRole('dialog', { name: 'Tour' });
    await expect(tour).toBeVisible();
    await tour.getByRole('button', { name: 'Next' }).click();
    await expect(tour).toContainText('The curve below');
    await tour.getByRole('button', { name: 'Next' }).click();
    await expect(tour).toContainText('large map below');
  });
});
