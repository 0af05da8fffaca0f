import type { Page } from '@playwright/test';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { modelWorkers } from './model-workers';
import { answered, controlled, probed, settled, versionOf } from './site';
import { dialog, expect, model, open, openModels, test, zoo, type Files } from './models-site';

test.use({ serviceWorkers: 'allow' });

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 548105171\n`;
const failed = (page: Page) => page.getByRole('alert').filter({ hasText: 'could not be opened' });
const lens = (page: Page) => page.getByRole('grid', { name: 'Logit lens' });

async function writeFiles(folder: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

async function openFolder(page: Page, folder: string): Promise<void> {
  await openModels(page);
  await dialog(page).locator('input[webkitdirectory]').setInputFiles(folder);
}

test('a file that cannot be opened leaves the model before untouched, with all that it has answered', async ({
  page,
  site,
  complaints,
}, info) => {
  await open(page, site.url);
  await settled(page);
  const [worker] = modelWorkers(page);
  const answered = await page.getByRole('status', { name: 'Verdict' }).textContent();
  const good = await zoo('optimum-gpt2');
  good.delete('onnx/model_quantized.onnx');
  for (const [path, content, says] of [
    ['tokenizer.json', POINTER, 'is not the file itself (548.1 MB) but Git LFS’s note of where it is'],
    ['onnx/model.onnx', POINTER, 'Run “git lfs pull” in its folder'],
    ['onnx/model.onnx', '<!doctype html><title>Sign in</title>', 'is a web page that was saved'],
    ['config.json', '{"model_type": ', 'configuration cannot be read'],
    ['onnx/model.onnx', 'no graph at all', 'damaged or not an ONNX file'],
  ] as const) {
    const folder = await writeFiles(
      info.outputPath(`bad-${says.length}`),
      new Map([...good, [path, Buffer.from(content)]]),
    );
    await openFolder(page, folder);
    await expect(failed(page)).toContainText(says);
    await expect(model(page)).toContainText('Atlas');
    await settled(page);
    expect(await page.getByRole('status', { name: 'Verdict' }).textContent()).toBe(answered);
    expect(modelWorkers(page)).toContain(worker);
  }
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await expect(lens(page)).toContainText('·Italy');
  // A good one takes its place all the same.
  await openFolder(page, await writeFiles(info.outputPath('good'), good));
  await expect(model(page)).toContainText('good · fp32');
  await probed(page);
  await expect.poll(() => modelWorkers(page)).not.toContain(worker);
  expect(complaints.all).toEqual([]);
});

test('folders as people have them: several models, the hub’s cache, and what is no model', async ({
  page,
  site,
}, info) => {
  await open(page, site.url);
  const llama = await zoo('genai-llama');
  const small = [...llama].filter(([path]) => /^(config|tokenizer|tokenizer_config)\.json$/.test(path));
  const graph = (path: string): [string, Uint8Array][] => [
    [path, llama.get('onnx/model.onnx')!],
    [path.replace(/[^/]*$/, 'model.onnx_data'), llama.get('onnx/model.onnx_data')!],
  ];
  const several = new Map([...small, ...graph('cpu/tiny-cpu.onnx'), ...graph('cuda/tiny-cuda-fp32.onnx')]);
  await openFolder(page, await writeFiles(info.outputPath('several'), several));
  await expect(dialog(page)).toContainText('several holds several models. Which one?');
  await dialog(page)
    .getByRole('button', { name: /^cuda\/tiny-cuda-fp32\.onnx: fp32/ })
    .click();
  await expect(model(page)).toContainText('several · tiny-cuda-fp32');
  await probed(page);

  // In the cache files without names are linked to by their names, and no browser follows links.
  const cache = info.outputPath('models--owner--name');
  const stored = graph('model.onnx').map(([, bytes], index) => [`${index}`.repeat(64), bytes] as const);
  await writeFiles(join(cache, 'blobs'), new Map(stored));
  const snapshot = join(cache, 'snapshots/0123456789abcdef');
  await mkdir(snapshot, { recursive: true });
  await symlink(join(cache, 'blobs', '0'.repeat(64)), join(snapshot, 'model.onnx'));
  await openFolder(page, cache);
  await expect(dialog(page)).toContainText('hf download owner/name --local-dir folder');
  await dialog(page).getByRole('button', { name: 'Close' }).click();

  for (const [name, files, says] of [
    ['onnx', new Map(graph('model.onnx')), 'Open the folder above it'],
    ['torch', new Map([...small, ['model.safetensors', Buffer.from('x')]]), 'holds weights for another program'],
    ['notes', new Map([['readme.txt', Buffer.from('x')]]), 'There is no .onnx file here'],
  ] as const) {
    await openFolder(page, await writeFiles(info.outputPath(name), files as Files));
    await expect(dialog(page)).toContainText(says);
    await dialog(page).getByRole('button', { name: 'Close' }).click();
  }
  await expect(model(page)).toContainText('several · tiny-cuda-fp32');
});

test('a folder whose tokenizer is vocab.json and merges.txt reads text like one with a tokenizer.json', async ({
  page,
  site,
}, info) => {
  await open(page, site.url);
  const files = await zoo('optimum-gpt2');
  files.delete('onnx/model_quantized.onnx');
  const prompt = 'Æsop’s 12 fables, ';
  const strip = page.getByRole('toolbar', { name: /^Tokens of the prompt/ });
  const read = async (name: string, folder: Files): Promise<readonly string[]> => {
    await openFolder(page, await writeFiles(info.outputPath(name), folder));
    await expect(model(page)).toContainText(`${name} · fp32`);
    await probed(page);
    await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
    await answered(page);
    return strip.getByRole('button').allTextContents();
  };
  const whole = await read('whole', files);
  const { model: bpe } = JSON.parse(Buffer.from(files.get('tokenizer.json')!).toString()) as {
    model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
  };
  files.delete('tokenizer.json');
  files.set('vocab.json', Buffer.from(JSON.stringify(bpe.vocab)));
  const merges = bpe.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  files.set('merges.txt', Buffer.from(['#version: 0.2', ...merges, ''].join('\n')));
  expect(await read('halves', files)).toEqual(whole);
  expect(whole.length).toBeGreaterThan(5);
});

test('typing while a pass holds up the model shows tokens at once, and the answer follows', async ({ page, site }) => {
  await open(page, site.url);
  await settled(page);
  const [worker] = modelWorkers(page);
  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  const strip = page.getByRole('toolbar', { name: /^Tokens of the prompt/ });
  let deaf = true;
  const pass = worker!
    .evaluate(() => {
      // As in the middle of a long pass: the thread does nothing else.
      const end = Date.now() + 20_000;
      while (Date.now() < end);
    })
    .then(() => (deaf = false));
  await prompt.fill('The capital of Italy is');
  await expect(strip).toContainText('Italy', { timeout: 5_000 });
  await prompt.pressSequentially(' the city of Rome');
  await expect(strip).toContainText('Rome', { timeout: 5_000 });
  expect(deaf).toBe(true);
  await pass;
  await answered(page);
  await expect(lens(page)).toContainText('·city');
});

test('addresses as people paste them are understood, or answered to the point', async ({ page, site, hub }) => {
  await open(page, site.url);
  await openModels(page);
  const field = dialog(page).getByRole('textbox', { name: 'Hub id' });
  const ask = dialog(page).getByRole('button', { name: 'Look up', exact: true });
  for (const [text, says] of [
    [
      'https://hf-mirror.com/zoo/gpt2/tree/main',
      '“hf-mirror.com” is another server, and Strata asks only huggingface.co. To look there, enter zoo/gpt2.',
    ],
    ['https://huggingface.co/datasets/zoo/facts', 'This is the address of a data set'],
    ['https://huggingface.co/models?library=onnx', 'This is a page of the hub, but no model’s'],
    ['two words', 'A hub id looks like owner/name'],
  ] as const) {
    await field.fill(text);
    await ask.click();
    await expect(dialog(page)).toContainText(says);
  }
  expect(hub.requests).toEqual([]);
  await field.fill('huggingface.co/zoo/gpt2/resolve/main/onnx/model.onnx?download=true#files');
  await ask.click();
  await expect(dialog(page).getByRole('button', { name: 'Download zoo/gpt2 · fp32' })).toBeVisible();
});

test('a page of an older version whose files are gone offers the new one', async ({ page, site }) => {
  await open(page, site.url);
  await controlled(page);
  await site.publishAtlas('next', 'tokenizer_config.json');
  await page.evaluate(() => caches.delete('strata-models-v1'));
  await page.reload();
  const trouble = page.getByRole('alert').filter({ hasText: 'belong to a newer version of Strata' });
  await expect(trouble).toBeVisible({ timeout: 60_000 });
  expect(await versionOf(page)).toBeUndefined();
  await trouble.getByRole('button', { name: 'Restart with it' }).click();
  await page.waitForFunction(() => document.documentElement.dataset['version'] === 'next');
  await probed(page);
});

test('a second tab says that the first is fetching, and answers when it has', async ({ context, site }) => {
  await site.pace(2 * 2 ** 20);
  const first = await context.newPage();
  await first.goto(site.url);
  await expect(first.getByRole('progressbar', { name: 'Download progress' })).toBeVisible();
  await expect(first.getByText(/ a second$/)).toBeVisible({ timeout: 60_000 });
  const second = await context.newPage();
  await second.goto(site.url);
  await expect(second.getByText('another tab is fetching it')).toBeVisible({ timeout: 60_000 });
  await site.pace(undefined);
  for (const tab of [first, second]) await probed(tab);
});
