import type { Locator, Page } from '@playwright/test';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFolder } from '../../src/cli/open-folder.ts';
import { slice } from '../../src/core/tensor.ts';
import { Reference } from '../golden/zoo.ts';
import { CopiedApp } from './copied-app';
import { killerOf } from './killer';
import { dialog, openModels } from './models-site';
import { answered, ATLAS, expect, open, probed, Site, test as base } from './site';

/**
 * A probe is one folder: two that are no part of the app (tests/fixtures/probes) are put into a copy of it, and are found
 * wherever a probe is to be found. Nothing else in the copy differs.
 */
const test = base.extend<object, { app: CopiedApp }>({
  app: [
    // Playwright reads the first parameter's pattern to learn what a fixture needs.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const app = await CopiedApp.make(['active', 'silenced']);
      expect(await app.build()).toMatchObject({ status: 0 });
      await use(app);
      await app.remove();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  site: async ({ app }, use) => {
    const site = await Site.start({ dist: app.dist });
    await use(site);
    await site.remove();
  },
});

const PROMPT = 'The capital of France is';
/** For many runs on a machine that has other things to do. */
const LONG = { timeout: 120_000 };
const figure = (page: Page, name: string): Locator => page.getByRole('figure', { name, exact: true });
const active = (page: Page): Locator => figure(page, 'Active neurons');
const silenced = (page: Page): Locator => figure(page, 'Silenced layers');

/** Share of each layer's neurons above a threshold at the last token of {@link PROMPT}, counted in PyTorch's numbers. */
async function sharesOf(threshold: number): Promise<number[]> {
  const reference = await Reference.open('../golden/atlas-mlp.safetensors');
  return Array.from({ length: ATLAS.layers }, (_, layer) => {
    const last = slice(reference.get(0, `blocks.${layer}.mlp.hook_post`), -1);
    return last.filter((value) => value > threshold).length / last.length;
  });
}

/** In steps of one neuron: none is so near a threshold that rounding could put it on the other side. */
function expectShares(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((share, layer) => expect(Math.abs(actual[layer]! - share)).toBeLessThan(0.001));
}

/** Numbers of a column of a figure's table, the first after the layers being 1. */
async function column(shown: Locator, nth: number): Promise<number[]> {
  await shown.getByRole('button', { name: 'Show as table' }).click();
  const cells = await shown.locator(`tbody tr td:nth-of-type(${nth})`).allTextContents();
  await shown.getByRole('button', { name: 'Show as table' }).click();
  return cells.map(Number);
}

async function present(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByRole('button', { name: 'Present', exact: true }).click();
}

async function saved(page: Page, name: string): Promise<string> {
  const download = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  return readFile(await (await download).path(), 'utf8');
}

test('a new folder is a figure of the page, with table, help, export and a slide', async ({
  page,
  site,
  complaints,
}) => {
  await open(page, site.url);
  await answered(page);
  await expect(active(page).getByRole('list', { name: 'Active neurons by layer' }).getByRole('listitem')).toHaveCount(
    ATLAS.layers,
  );
  await expect(active(page)).toContainText(/Most are at work in layer \d: \d+.% of its neurons\./);
  // Between the figures that stand above and below it by its order.
  const names = await page.locator('.figures figure').evaluateAll((all) => all.map((one) => one.ariaLabel));
  expect(names).toEqual(['Logit lens', 'Emergence', 'Attention', 'Active neurons', 'Continuation', 'Silenced layers']);
  expectShares(await column(active(page), 1), await sharesOf(0.1));
  await active(page).getByRole('button', { name: 'About “How many neurons are at work?”' }).click();
  await expect(page.getByRole('dialog', { name: 'How many neurons are at work' })).toContainText('When it misleads');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Export' }).click();
  const svg = await saved(page, 'Active neurons as SVG');
  expect(svg).toMatch(/^<svg xmlns=/);
  expect(svg).toContain('How many neurons are at work?');
  const csv = await saved(page, 'Active neurons as CSV');
  expect(csv).toContain('# model: Atlas (gpt2, fp32), bundled:atlas');
  const rows = csv.split(/\r?\n/).filter((line) => /^\d/.test(line));
  expectShares(
    rows.map((line) => Number(line.split(',')[1])),
    await sharesOf(0.1),
  );
  await page.keyboard.press('Escape');

  await present(page);
  const stage = page.getByRole('navigation', { name: 'Presentation' });
  await stage.getByRole('button', { name: 'Reveal' }).click();
  await expect(async () => {
    await stage.getByRole('button', { name: 'Next' }).click({ timeout: 1000 });
    await expect(stage).toContainText('How many neurons are at work?', { timeout: 500 });
  }).toPass();
  await expect(page.getByRole('figure')).toHaveCount(1);
  await expect(active(page)).toBeVisible();
  expect(complaints.all).toEqual([]);
});

test('what is set in it is carried by the link, and its work is shown by its name', async ({ page, site }) => {
  await open(page, site.url);
  await answered(page);
  await active(page).getByRole('button', { name: 'only strong ones' }).click();
  await expect.poll(() => page.url()).toContain('active.strong=1');
  await page.getByRole('button', { name: 'Share' }).click();
  const link = page.url();
  await page.goto('about:blank');
  await page.goto(link);
  await probed(page);
  await expect(active(page).getByRole('button', { name: 'only strong ones' })).toHaveAttribute('aria-pressed', 'true');
  await answered(page);
  expectShares(await column(active(page), 1), await sharesOf(0.5));

  // So many runs take a while.
  await page.goto('about:blank');
  await page.goto(`${site.url}#v=2&prompt=${PROMPT}&active.orders=2000`);
  const progress = page.getByRole('group', { name: 'Work under way' });
  await expect(progress).toContainText(/Active neurons, in another order: [\d,]+ of 2,001/);
  await progress.getByRole('button').click();
  await expect(progress).toBeHidden();
  // What was stopped is not there; the rest is.
  await expect(active(page)).toHaveCount(0);
  await expect(figure(page, 'Attention')).toBeVisible();
});

test('what it found before its worker died stays, and it goes on from there to the same result', async ({
  page,
  site,
}) => {
  await killerOf(page);
  await open(page, `${site.url}#v=2&prompt=${PROMPT}&answer=Paris&silenced.rounds=12`);
  await answered(page);
  const parts = silenced(page).getByRole('listitem');
  const start = silenced(page).getByRole('button', { name: 'Silence each layer' });
  const count = 12 * ATLAS.layers;
  await start.click();
  await inTheMiddle(page, 'kill');
  await expect(silenced(page).getByRole('alert')).toContainText('ended unexpectedly');
  const before = await parts.allTextContents();
  expect(before.length).toBeGreaterThan(1);
  expect(before.length).toBeLessThan(count);
  await silenced(page).getByRole('button', { name: 'Go on from there' }).click();
  await expect(parts).toHaveCount(count, LONG);
  await expect(start).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  const continued = await parts.allTextContents();
  expect(continued.slice(0, before.length)).toEqual(before);
  const numbers = await column(silenced(page), 1);

  // The same, undisturbed.
  await page.reload();
  await answered(page);
  await start.click();
  await expect(parts).toHaveCount(count, LONG);
  expect(await parts.allTextContents()).toEqual(continued);
  expect(await column(silenced(page), 1)).toEqual(numbers);

  // Stopped in the middle of its stage, it keeps what there is.
  await start.click();
  await inTheMiddle(page, 'stop');
  await expect(start).toBeVisible();
  const kept = await parts.count();
  expect(kept).toBeGreaterThan(1);
  expect(kept).toBeLessThan(count);
  await answered(page);
  await expect(parts).toHaveCount(kept);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

/** Once some parts of a new run are there, its worker is killed, or it is stopped: in the page, so that it is soon enough. */
async function inTheMiddle(page: Page, what: 'kill' | 'stop'): Promise<void> {
  await page.evaluate(async (does) => {
    const figure = document.querySelector('figure[aria-label="Silenced layers"]')!;
    const stop = () =>
      [...figure.querySelectorAll('button')].find(({ textContent }) => textContent?.trim() === 'Stop here');
    const fresh = () => !figure.classList.contains('stale') && figure.querySelectorAll('li').length > 1;
    while (!(stop() && fresh())) await new Promise(requestAnimationFrame);
    if (does === 'kill') window.killer.workers.at(-1)!.terminate();
    else stop()!.click();
  }, what);
}

test('a model that lacks what it needs gets its sentence, with the reason of that part', async ({
  page,
  site,
}, info) => {
  await open(page, site.url);
  await expect(silenced(page)).toBeVisible();
  await openModels(page);
  const folder = await expertsFolder(info.outputPath('experts'));
  await dialog(page).locator('input[webkitdirectory]').setInputFiles(folder);
  await expect(page.getByRole('combobox', { name: 'Model' })).toContainText('experts');
  await probed(page);
  await answered(page);
  const cannot = page.getByRole('region', { name: 'Active neurons' });
  await expect(cannot).toContainText('How many neurons of experts');
  await expect(cannot).toContainText('as in a mixture of experts');
  // What it needs is said once; what is asked for only when asked has nothing to offer here, and no slide.
  for (const gone of [active(page), silenced(page)]) await expect(gone).toHaveCount(0);
  await expect(figure(page, 'Attention')).toBeVisible();
  await present(page);
  const stage = page.getByRole('navigation', { name: 'Presentation' });
  const slides = Number(/1 of (\d+)/.exec((await stage.textContent())!)![1]);
  await page.keyboard.press('ArrowRight');
  for (let slide = 2; slide <= slides; slide++) {
    await page.keyboard.press('ArrowRight');
    await expect(stage).toContainText(`${slide} of ${slides}`);
    await expect(page.getByRole('main').getByRole('figure').first()).toBeVisible();
    for (const gone of [active(page), silenced(page)]) await expect(gone).toHaveCount(0);
  }
});

test('the command line has it too, and says what a folder lacks', async ({ app }) => {
  const out = join(app.folder, 'active.json');
  const argv = ['--model', 'atlas', '--text', PROMPT, '--out', out, '--probe', 'active', '--options'] as const;
  const [list, asked, refused] = await Promise.all([
    app.probe('--list'),
    app.probe(...argv, '{"strong":true,"orders":0}'),
    app.probe(...argv, '{"orders":-1}'),
  ]);
  expect(list).toMatchObject({ status: 0 });
  expect(list.out).toContain('  active: about a fact\n    strong (false)\n    orders (2)');
  expect(list.out).toContain('  silenced: about a fact\n    rounds (1)');
  expect(asked).toMatchObject({ status: 0 });
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: { rows: { share: number }[] } };
  expectShares(
    result.rows.map(({ share }) => share),
    await sharesOf(0.5),
  );
  expect(refused).toMatchObject({ status: 1, out: expect.stringContaining('"orders" must be a whole number') });

  // What holds the app to its words and links holds the new folders to theirs, unchanged.
  expect(await app.tests('src/app/i18n', 'src/app/link')).toMatchObject({ status: 0 });
  await writeFile(join(app.folder, 'src/probes/active/words/zh.json'), '{ "active.nmae": "x" }');
  const wrong = await app.tests('src/app/i18n/languages.test.ts');
  expect(wrong).toMatchObject({ status: 1, out: expect.stringContaining('active.nmae') });

  // Last: from here on the copy is broken.
  await rm(join(app.folder, 'src/probes/silenced/help'), { recursive: true });
  const build = await app.build();
  expect(build.status).not.toBe(0);
  expect(build.out).toContain('The probe src/probes/silenced/ lacks help/en.md. See ARCHITECTURE.md, "Add a probe".');
  await rm(join(app.folder, 'src/probes/silenced/run.ts'));
  expect(await app.probe('--list')).toEqual({
    status: 1,
    out: 'strata: The probe src/probes/silenced/ has no run.ts that exports run. See ARCHITECTURE.md, "Add a probe".\n',
  });
});

/** A mixture of experts, which has no one set of neurons, with a tokenizer of single characters. */
async function expertsFolder(folder: string): Promise<string> {
  const from = fileURLToPath(new URL('../fixtures/layouts/mixtral/', import.meta.url));
  const model = await openFolder(from, 'fp32');
  const characters = ['<s>', 'Ġ', ...Array.from({ length: 94 }, (_, nth) => String.fromCharCode(0x21 + nth))];
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      { id: 0, content: '<s>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(characters.map((text, id) => [text, id])), merges: [] },
  };
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'onnx/model.onnx'), model.graph.bytes as Uint8Array);
  await writeFile(join(folder, 'config.json'), await readFile(join(from, 'config.json')));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>', eos_token: '<s>' };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}
