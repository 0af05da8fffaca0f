import type { Page } from '@playwright/test';
import { expect, test } from './site';

/** What the page is put into: nobody is offered these, so they are set where a choice is kept. */
async function openIn(page: Page, url: string, language: string): Promise<void> {
  await page.addInitScript((value) => {
    localStorage.setItem('strata:tour-seen', 'true');
    localStorage.setItem('strata:language', JSON.stringify(value));
  }, language);
  await page.goto(url);
  await expect(page.locator('#verdict [aria-busy]')).toHaveAttribute('aria-busy', 'false', { timeout: 120_000 });
  // What the heads do comes last.
  await expect(page.locator('figure')).not.toHaveCount(0);
  await expect(page.locator('[role=grid]').nth(2)).toBeVisible();
  await expect(page.locator('figure.stale')).toHaveCount(0);
}

interface Seen {
  /** Text that no catalogue holds. */
  readonly foreign: readonly string[];
  /** Buttons and labels whose text is wider than they are. */
  readonly cut: readonly string[];
  /** By how many pixels the page, or a panel over it, is wider than the window. */
  readonly sideways: number;
}

/**
 * Looks at all that can be read in the page right now. In a pseudo-language every letter of ours is a strange one, and
 * every value stands between isolates, so plain letters outside of them were written into the code.
 */
function look(page: Page): Promise<Seen> {
  return page.evaluate(() => {
    // Not ours to translate: what a person types, tokens, names of models and files, formulas and hooks, text that says
    // its own language.
    const OTHERS =
      'script, style, code, pre, input, textarea, [lang]:not(html), .token, [data-token], .prompt, select option';
    // Names of the field and of languages, which none translates, and units; tokens as the page shows them; hooks and dimensions.
    const NAMES =
      /Strata|Atlas|English|gpt2|WASM|WebGPU|SVG|PNG|CSV|JSON|Esc|fp32|fp16|q8|q4\w*|\b[kMG]?B\b|\bbits?\b|logits|·\S+|<\|\S*|[\w*.]*[_.][\w*.]+/g;
    const shown = (element: Element): boolean =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      element.closest('[aria-hidden=true]') === null;
    const plain = (text: string): boolean =>
      /[A-Za-z]{2,}/.test(text.replaceAll(/\u2068[^\u2069]*\u2069/g, ' ').replaceAll(NAMES, ' '));
    const foreign = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!;
      const text = node.textContent!.trim();
      if (text && plain(text) && shown(element) && !element.closest(OTHERS)) foreign.add(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
      if (element.closest(OTHERS.replace('input, textarea, ', ''))) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        const text = element.getAttribute(name);
        if (text && plain(text) && shown(element)) foreign.add(`${name}: ${text}`);
      }
    }
    const cut = [...document.querySelectorAll<HTMLElement>('button, label, summary, h1, h2, h3, th, legend')]
      .filter((element) => shown(element) && element.clientWidth > 0 && !element.matches('.visually-hidden'))
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => `${element.tagName} ${element.className}: ${element.textContent.trim()}`);
    const root = document.documentElement;
    const panels = [...document.querySelectorAll('dialog[open], dialog[open] > *')];
    const wider = [root, ...panels].map((panel) => panel.scrollWidth - panel.clientWidth);
    return { foreign: [...foreign], cut, sideways: Math.max(...wider) };
  });
}

/** Every room of the page, one after the other, by what opens it. */
async function eachRoom(page: Page, see: (room: string) => Promise<void>): Promise<void> {
  await see('page');
  for (const table of await page.locator('figure .own .button[aria-pressed]').all()) await table.click();
  await see('tables');
  for (const table of await page.locator('figure .own .button[aria-pressed]').all()) await table.click();
  const actions = page.locator('header button');
  for (let index = 0; index < (await actions.count()); index++) {
    const button = actions.nth(index);
    if (!(await button.isVisible()) || !(await button.isEnabled())) continue;
    await button.click();
    const panel = page.locator('dialog[open], :popover-open');
    // Some buttons open nothing, and what opens is fetched first.
    const opened = await panel
      .first()
      .waitFor({ timeout: 3000 })
      .then(
        () => true,
        () => false,
      );
    if (!opened) continue;
    await see(`panel ${index}`);
    await page.keyboard.press('Escape');
    await expect(page.locator('dialog[open]')).toHaveCount(0);
  }
}

for (const language of ['en-XA', 'ar-XB']) {
  test(`in ${language} every word is from a catalogue, none is cut, and nothing scrolls sideways`, async ({
    page,
    site,
    complaints,
  }, info) => {
    await openIn(page, site.url, language);
    await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar-XB' ? 'rtl' : 'ltr');
    await eachRoom(page, async (room) => {
      await info.attach(`${language} ${room}`, {
        body: await page.screenshot({ fullPage: true }),
        contentType: 'image/png',
      });
      const { foreign, cut, sideways } = await look(page);
      expect.soft(foreign, `${room}: text that is in no catalogue`).toEqual([]);
      expect.soft(cut, `${room}: text that is cut`).toEqual([]);
      expect.soft(sideways, `${room}: pixels to scroll sideways`).toBeLessThanOrEqual(0);
    });
    expect(complaints.all).toEqual([]);
  });
}

test('a language is chosen in the page, changes all of it at once, and is kept', async ({ page, site }) => {
  await openIn(page, site.url, 'en');
  await expect(page.getByRole('figure', { name: 'Attention' })).toBeVisible();
  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByText('中文', { exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-Hans');
  await expect(page.getByRole('figure', { name: '注意力' })).toBeVisible();
  await expect(page.getByRole('status', { name: '判定' })).toContainText(/\d%/);
  await expect(page.getByRole('status', { name: '判定' })).toContainText('知道这一点');
});
