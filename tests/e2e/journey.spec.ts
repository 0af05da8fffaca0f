import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { answered, ATLAS, expect, open, probed, settled, test } from './site';

const prompt = (page: Page): Locator => page.getByRole('textbox', { name: 'Prompt' });
const verdict = (page: Page): Locator => page.getByRole('status', { name: 'Verdict' });
const lens = (page: Page): Locator => page.getByRole('grid', { name: 'Logit lens' });
const row = (page: Page, name: string): Locator => lens(page).getByRole('row', { name, exact: true });
const figure = (page: Page, name: string): Locator => page.getByRole('figure', { name, exact: true });

test('a first visit answers by itself and shows round', async ({ page, site, complaints }) => {
  await page.goto(site.url);
  await prompt(page).focus();
  await probed(page);
  await expect(prompt(page)).toHaveValue('The capital of France is');
  await expect(verdict(page)).toContainText('Paris');
  const tour = page.getByRole('dialog', { name: 'Tour' });
  await expect(tour).toContainText('1 of 3');
  // Who is typing goes on typing, and comes back to it afterwards.
  await expect(prompt(page)).toBeFocused();
  await tour.getByRole('button', { name: 'Next' }).click();
  await tour.getByRole('button', { name: 'Next' }).click();
  await tour.getByRole('button', { name: 'Done' }).click();
  await expect(tour).toBeHidden();
  await expect(prompt(page)).toBeFocused();
  await page.reload();
  // The tour would come last.
  await settled(page);
  await expect(tour).toBeHidden();
  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByRole('button', { name: 'Show the tour' }).click();
  await tour.getByRole('button', { name: 'Skip the tour' }).click();
  await expect(tour).toBeHidden();
  expect(complaints.all).toEqual([]);
});

test('the lens has a row for each layer, and a cell can be read, pinned and let go', async ({ page, site }) => {
  await open(page, site.url);
  await expect(page.getByRole('combobox', { name: 'Model' })).toContainText('Atlas');
  const layers = Array.from({ length: ATLAS.layers }, (_, layer) => `Layer ${layer + 1}`);
  for (const name of ['Embedding', ...layers]) {
    await expect(row(page, name).getByRole('gridcell').last()).toHaveText(/\S+\s*(<1|\d+)$/);
  }
  const cell = row(page, 'Layer 5').getByRole('gridcell').last();
  await cell.hover();
  const card = page.getByRole('region', { name: /^Layer 5, after ·is/ });
  await expect(card.first().getByRole('listitem')).toHaveCount(10);
  await cell.click();
  await row(page, 'Layer 2').getByRole('gridcell').first().click();
  await expect(lens(page).locator('[aria-selected=true]')).toHaveCount(2);
  await page.keyboard.press('Escape');
  await expect(lens(page).locator('[aria-selected=true]')).toHaveCount(0);
  await page.getByRole('radio', { name: 'answer rank' }).check();
  await expect(figure(page, 'Logit lens')).toContainText('rank of the answer');
  for (const name of ['Embedding', ...layers]) {
    await expect(row(page, name).getByRole('gridcell').last()).toHaveText(/\S+\s*[1-9][\d.]*k?$/);
  }
  await page.getByRole('button', { name: 'mid-layers' }).click();
  await expect(lens(page).getByRole('row')).toHaveCount(2 + 2 * ATLAS.layers);
});

test('results follow typing, and the latest text wins', async ({ page, site }) => {
  await open(page, site.url);
  await prompt(page).fill('');
  await expect(verdict(page)).toContainText('Type the beginning of a fact');
  await prompt(page).pressSequentially('What is the capital of Japan? It is', { delay: 15 });
  await page.getByRole('textbox', { name: 'Answer' }).fill('Tokyo');
  await answered(page);
  await expect(verdict(page)).toContainText('Tokyo');
  await expect(lens(page)).toContainText('·Japan');
  await expect(lens(page).getByRole('columnheader').last()).toHaveText('·is');
  await expect(page.getByRole('toolbar', { name: /Tokens of the prompt/ })).toContainText('·Japan');
});

test('a fact from the gallery comes with what the model was taught', async ({ page, site }) => {
  await open(page, site.url);
  await page.getByRole('button', { name: 'Facts', exact: true }).click();
  const gallery = page.getByRole('dialog');
  await gallery.getByRole('button', { name: 'withheld' }).click();
  await gallery.getByRole('list', { name: 'Facts' }).getByRole('button').first().click();
  await expect(gallery).toBeHidden();
  await expect(page.getByText(/Never taught|never put together/)).toBeVisible();
  await page.getByRole('button', { name: 'Facts', exact: true }).click();
  await gallery.getByRole('searchbox', { name: 'Search facts' }).fill('The capital of France');
  await gallery.getByRole('list', { name: 'Facts' }).getByRole('button').first().click();
  const taught = page.getByRole('button', { name: /^Taught [\d,]+ times in \d+ phrasings/ });
  await taught.click();
  const card = page.getByRole('region', { name: 'What Atlas was taught' });
  const others = card.getByRole('button', { name: /France.*Paris/ });
  await expect(others.nth(1)).toBeVisible();
  await expect(others.and(page.locator('[aria-current=true]'))).toHaveText('The capital of France is Paris');
  await others.last().click();
  await expect(prompt(page)).not.toHaveValue('The capital of France is');
  await expect(others.and(page.locator('[aria-current=true]'))).toHaveCount(1);
  await taught.click();
  // What was asked is remembered on this device until it is cleared.
  await page.reload();
  await probed(page);
  await page.getByRole('button', { name: 'Facts', exact: true }).click();
  await expect(
    gallery.locator('.recent').getByRole('button', { name: 'The capital of France is Paris' }),
  ).toBeVisible();
  await gallery.getByRole('button', { name: 'Clear recent facts' }).click();
  await expect(gallery.getByText('on this device only')).toBeVisible();
});

test('choosing a token names the subject, and attention says what it gets', async ({ page, site }) => {
  await open(page, site.url);
  const strip = page.getByRole('toolbar', { name: /Tokens of the prompt/ });
  const france = strip.getByRole('button', { name: /·France/ });
  await expect(france).toHaveAttribute('aria-pressed', 'true');
  await strip.getByRole('button', { name: /·capital/ }).click();
  await expect(strip.getByRole('button', { name: /·capital/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(france).toHaveAttribute('aria-pressed', 'false');
  const attention = figure(page, 'Attention');
  const heads = attention.getByRole('grid', { name: 'Attention heads' });
  await expect(heads.getByRole('gridcell')).toHaveCount(ATLAS.layers * ATLAS.heads);
  await heads.getByRole('gridcell', { name: /^Layer 3, head 2/ }).click();
  await expect(attention.getByRole('heading', { name: 'Layer 3, head 2' })).toBeVisible();
  const pattern = attention.getByRole('grid', { name: 'Attention pattern' });
  const looks = await pattern.getByRole('row', { name: '·is' }).getByRole('gridcell').allTextContents();
  const shares = looks.map((text) => (text.includes('<') ? 0 : Number(text)));
  expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThanOrEqual(looks.length);
  await attention.getByText('arcs', { exact: true }).click();
  await attention.getByRole('button', { name: /Token 1:/ }).click();
  await expect(attention.getByRole('button', { name: /Token 1:/ })).toHaveAttribute('aria-pressed', 'true');
  await attention.getByText('value-weighted').click();
  await expect(attention).toContainText('takes over in this head');
  await attention.getByText('rollout').click();
  await expect(heads.getByRole('gridcell')).toHaveCount(ATLAS.layers);
});

test('a curve is kept and compared, the model writes on', async ({ page, site }) => {
  await open(page, site.url);
  const emergence = figure(page, 'Emergence');
  await emergence.getByRole('button', { name: 'Keep' }).click();
  await prompt(page).fill('The capital of Italy is');
  await page.getByRole('textbox', { name: 'Answer' }).fill('Rome');
  await answered(page);
  await expect(verdict(page)).toContainText('Rome');
  await expect(emergence.getByRole('button', { name: /Remove The capital of France/ })).toBeVisible();
  for (const measure of ['log', 'rank', 'difference', 'linear'])
    await emergence.getByText(measure, { exact: true }).click();
  // A token that led on the way is drawn beside the answer.
  const way = emergence.getByRole('group', { name: 'Also led on the way:' }).getByRole('button');
  const led = (await way.first().innerText()).replace('·', '');
  await way.first().click();
  await expect(page.getByRole('textbox', { name: 'Foil' })).toHaveValue(led);
  await answered(page);
  await expect(emergence.getByRole('listitem').filter({ hasText: `·${led}` })).toBeVisible();

  await emergence.getByRole('button', { name: 'Show as table' }).click();
  await expect(emergence.getByRole('row')).toHaveCount(2 + ATLAS.layers);
  const continuation = figure(page, 'Continuation');
  await continuation.getByRole('spinbutton', { name: 'Tokens' }).fill('5');
  await continuation.getByRole('button', { name: 'Write on' }).click();
  await expect(continuation).toContainText(/Stopped after|ended the text/);
  const written = continuation.getByRole('group', { name: 'Written tokens' }).getByRole('button');
  await written.first().click();
  await expect(continuation.getByRole('heading', { name: 'What it considered for token 1' })).toBeVisible();

  // A written token is looked into: what was written before it is asked, and its verdict is on the screen.
  await written.nth(1).click();
  await continuation.getByRole('button', { name: 'Look into this token' }).click();
  await expect(prompt(page)).toHaveValue('The capital of Italy is Rome');
  await answered(page);
  await expect(verdict(page)).toBeInViewport();
});

test('a link carries everything chosen; a broken one opens the first fact with a note', async ({
  page,
  site,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, site.url);
  await prompt(page).fill('The capital of Spain is');
  await page.getByRole('textbox', { name: 'Answer' }).fill('Madrid');
  await answered(page);
  await expect(verdict(page)).toContainText('Madrid');
  await row(page, 'Layer 4').getByRole('gridcell').last().click();
  await page.getByRole('radio', { name: 'entropy' }).check();
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByText('is copied')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.goto('about:blank');
  await page.goto(link);
  await probed(page);
  await expect(prompt(page)).toHaveValue('The capital of Spain is');
  await expect(lens(page).locator('[aria-selected=true]')).toHaveCount(1);
  await expect(page.getByRole('radio', { name: 'entropy' })).toBeChecked();
  await page.goto('about:blank');
  await page.goto(`${site.url}#v=1&prompt=x&shade=<img src=x onerror=alert(1)>`);
  await probed(page);
  await expect(page.getByText('The link was not complete')).toBeVisible();
  await expect(prompt(page)).toHaveValue('The capital of France is');
});

test('every figure is saved as picture and numbers with where they come from', async ({ page, site }) => {
  await open(page, site.url);
  await expect(figure(page, 'Attention')).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  const saved = async (name: string): Promise<Buffer> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name }).click();
    return readFile(await (await download).path());
  };
  // Chromium takes at most ten files in quick succession from one page.
  expect((await saved('Attention as PNG')).subarray(1, 4).toString()).toBe('PNG');
  const json = JSON.parse((await saved('Attention as JSON')).toString()) as { provenance: Record<string, unknown> };
  expect(json.provenance).toMatchObject({ model: 'Atlas', dtype: 'fp32', backend: expect.stringMatching(/WASM/) });
  for (const name of ['Logit lens', 'Emergence', 'Attention']) {
    expect((await saved(`${name} as SVG`)).toString()).toMatch(/^<svg xmlns=/);
    const csv = (await saved(`${name} as CSV`)).toString();
    expect(csv).toContain('# model: Atlas (gpt2, fp32), bundled:atlas');
    expect(csv).toMatch(/"?# sha256: .*onnx\/model\.onnx/);
  }
});

test('text that is hard to read gets a sentence, and nothing is lost', async ({ page, site, complaints }) => {
  await open(page, site.url);
  const texts = ['x', '😀👩‍👩‍👧', 'عاصمة فرنسا هي', 'a\u200bb\u200dc', 'bell \u0007 and \u001b[31m'];
  for (const text of texts) {
    await prompt(page).fill(text);
    await answered(page);
    await expect(prompt(page)).toHaveValue(text);
    await expect(lens(page)).toBeVisible();
    await expect(verdict(page)).toContainText('Atlas');
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
  await prompt(page).fill('word '.repeat(10_000));
  await expect(page.getByText(/tokens too long: this model reads 128/)).toBeVisible();
  await expect(prompt(page)).toHaveValue('word '.repeat(10_000));
  // Half a character: what a page script, not a keyboard, can put there.
  await prompt(page).evaluate((element) => {
    (element as HTMLTextAreaElement).value = 'half \ud83d of it';
    element.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect(page.getByRole('alert')).toContainText('surrogate');
  await prompt(page).fill('The capital of France is');
  await answered(page);
  await expect(lens(page)).toContainText('·France');
  await expect(page.getByRole('alert')).toBeHidden();
  expect(complaints.all).toEqual([]);
});
