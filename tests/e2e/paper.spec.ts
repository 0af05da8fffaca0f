import type { Page } from '@playwright/test';
import { pdfPages } from './pdf';
import { answered, ATLAS, expect, open, settled, test } from './site';

const FORMATS = ['A4', 'Letter'] as const;
/** Pixels between the margins, by what the page's style says of them: 14 mm. */
const BETWEEN = { A4: 688, Letter: 710 } as const;

const LONG =
  'In the spring of the year when the old bridge over the river was closed, the teacher told the class that the capital ' +
  'of France is Paris, that the capital of Italy is Rome, that the capital of Spain is Madrid, and that everyone should ' +
  'remember these names before the holidays began, because the test would ask for all of them one by one, and then she ' +
  'said once more that the capital of Germany is';

async function openToPrint(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => {
    window.print = () => document.documentElement.toggleAttribute('data-asked-to-print', true);
  });
  await open(page, url);
  await settled(page);
  // What printing needs comes a moment after the page has come to rest.
  await expect
    .poll(() =>
      page.evaluate(() => {
        dispatchEvent(new Event('beforeprint'));
        const ready = document.documentElement.hasAttribute('data-paper');
        dispatchEvent(new Event('afterprint'));
        return ready;
      }),
    )
    .toBe(true);
}

async function askForHandout(page: Page): Promise<void> {
  await page.evaluate(() => document.documentElement.removeAttribute('data-asked-to-print'));
  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByRole('button', { name: 'Print a handout' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-asked-to-print');
}

/** The page as it is laid out for paper of this width, looked at on the screen; then the screen is as it was. */
async function laidOut(page: Page, width: number) {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width, height: 1000 });
  await page.emulateMedia({ media: 'print' });
  const found = await page.evaluate(async () => {
    dispatchEvent(new Event('beforeprint'));
    const paper = document.querySelector('article[aria-hidden]')!;
    const pictures = [...paper.querySelectorAll('img')];
    await Promise.all(pictures.map((picture) => picture.decode()));
    const all = [...document.body.querySelectorAll<HTMLElement>('*')];
    const boxes = [...paper.querySelectorAll('img, h2, header, .verdict, footer, ol')].map((element) => ({
      name: element.textContent.trim().slice(0, 20) || element.tagName,
      box: element.getBoundingClientRect(),
    }));
    const isOver = ({ box: a }: (typeof boxes)[number], { box: b }: (typeof boxes)[number]): boolean =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    const out = {
      text: (paper as HTMLElement).innerText,
      pictures: pictures.map((picture) => decodeURIComponent(picture.src)),
      tooWide: boxes.filter(({ box }) => box.right > document.documentElement.clientWidth + 1).map(({ name }) => name),
      over: boxes.flatMap((one, nth) =>
        boxes
          .slice(nth + 1)
          .filter((other) => isOver(one, other))
          .map((other) => `${one.name} / ${other.name}`),
      ),
      toPress: all
        .filter((element) => element.matches('button, input, select, textarea, dialog, [popover]'))
        .filter((element) => element.checkVisibility() && !element.closest('.visually-hidden'))
        .map((element) => element.outerHTML.slice(0, 80)),
    };
    dispatchEvent(new Event('afterprint'));
    return out;
  });
  await page.emulateMedia({ media: null });
  await page.setViewportSize(before);
  return found;
}

test('the page on paper: the answer’s column, nothing cut off or over another, nothing to press, no blank page', async ({
  page,
  site,
}) => {
  await openToPrint(page, site.url);
  const columns = await page.getByRole('grid', { name: 'Logit lens' }).getByRole('columnheader').count();
  for (const format of FORMATS) {
    const paper = await laidOut(page, BETWEEN[format]);
    expect([paper.tooWide, paper.over, paper.toPress]).toEqual([[], [], []]);
    expect(paper.text).toContain('Paris');
    expect(paper.pictures[0]).toContain('·Paris');
    // As browsers print unless they are told otherwise: without backgrounds.
    const pages = pdfPages(await page.pdf({ format, printBackground: false }));
    expect(pages.length).toBeLessThanOrEqual(3);
    for (const { texts } of pages) expect(texts).toBeGreaterThan(0);
    expect(pages[0]!.fills).toBeGreaterThanOrEqual((ATLAS.layers + 1) * (columns - 1));
  }
  // On the screen all is as it was.
  await expect(page.getByRole('button', { name: 'Export' })).toBeVisible();
  await expect(page.locator('article[aria-hidden]')).toHaveCount(0);
});

test('the handout is one sheet, with the answer; a long text is printed whole, every column of it', async ({
  page,
  site,
}) => {
  await openToPrint(page, site.url);
  for (const format of FORMATS) {
    await askForHandout(page);
    const pages = pdfPages(await page.pdf({ format }));
    expect(pages.length).toBe(1);
    expect(pages[0]!.fills).toBeGreaterThan(ATLAS.layers);
    await askForHandout(page);
    const paper = await laidOut(page, BETWEEN[format]);
    expect([paper.tooWide, paper.over, paper.toPress]).toEqual([[], [], []]);
    expect(paper.text).toMatch(/What comes next\?[\s\S]*Fold here[\s\S]*The answer[\s\S]*Paris/);
    expect(paper.text.slice(0, paper.text.indexOf('Fold here'))).not.toContain('Paris');
  }

  await page.getByRole('textbox', { name: 'Prompt' }).fill(LONG);
  await answered(page, 60_000);
  await page.emulateMedia({ colorScheme: 'dark' });
  const tokens = Number(/(\d+) of 128/.exec(await page.locator('.room').innerText())![1]);
  const { text, tooWide, over } = await laidOut(page, BETWEEN.A4);
  expect([tooWide, over]).toEqual([[], []]);
  const pieces = [...text.matchAll(/Tokens (\d+) to (\d+) of (\d+)/g)].map((piece) => piece.slice(1).map(Number));
  expect(pieces.length).toBeGreaterThan(1);
  // Every token is in one piece.
  expect(pieces.map(([from]) => from)).toEqual([1, ...pieces.slice(0, -1).map(([, to]) => to! + 1)]);
  expect(pieces.at(-1)!.slice(1)).toEqual([tokens, tokens]);
  for (const { texts } of pdfPages(await page.pdf({ format: 'A4' }))) expect(texts).toBeGreaterThan(0);
  for (const format of FORMATS) {
    await askForHandout(page);
    expect(pdfPages(await page.pdf({ format })).length).toBe(1);
  }
});
