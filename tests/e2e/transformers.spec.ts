import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dialog, model, openModels } from './models-site.ts';
import { answered, DIST, expect, open, probed, test } from './site.ts';
import { ISOLATION_HEADERS, serveFolder } from '../../.config/build/static-server.mjs';
import { createEngine } from '../../src/engine/create-engine.ts';
import { openFolder } from '../../src/cli/open-folder.ts';
import { importRuntime } from '../../src/cli/node-runtime.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const PROMPTS = [
  'The capital of France is',
  'Paris is the capital of',
  '法国的首都是',
  "L'Espagne est un pays. Sa capitale est",
];

const PAGE = `<!doctype html><meta charset="utf-8"><script type="module">
  import { AutoModelForCausalLM, AutoTokenizer, env } from './transformers.min.js';
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/models/';
  env.useBrowserCache = false;
  env.backends.onnx.wasm.wasmPaths = new URL('runtime/', location.href).href;
  window.answers = (async () => {
    const tokenizer = await AutoTokenizer.from_pretrained('atlas');
    const model = await AutoModelForCausalLM.from_pretrained('atlas', { dtype: 'fp32', device: 'wasm' });
    const found = [];
    for (const prompt of ${JSON.stringify(PROMPTS)}) {
      const inputs = tokenizer(prompt);
      const { logits } = await model(inputs);
      const d_vocab = logits.dims.at(-1);
      found.push({
        ids: Array.from(inputs.input_ids.data, Number),
        logits: Array.from(logits.data.slice(-d_vocab)),
        text: tokenizer.decode(Array.from(inputs.input_ids.data, Number), { skip_special_tokens: true }),
      });
    }
    return found;
  })();
</script>`;

interface Answer {
  readonly ids: number[];
  readonly logits: number[];
  readonly text: string;
}

test('transformers.js opens Atlas unchanged and computes the same logits as the engine', async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-transformers-'));
  await cp(path('public/models/atlas'), join(folder, 'models/atlas'), { recursive: true });
  await cp(
    path('node_modules/@huggingface/transformers/dist/transformers.min.js'),
    join(folder, 'transformers.min.js'),
  );
  await cp(path('node_modules/onnxruntime-web/dist'), join(folder, 'runtime'), { recursive: true });
  await writeFile(join(folder, 'index.html'), PAGE);
  const server = await serveFolder(folder, { headers: ISOLATION_HEADERS });
  try {
    await page.goto(server.url);
    await page.waitForFunction(() => 'answers' in window);
    const theirs = await page.evaluate(() => (window as unknown as { answers: Promise<Answer[]> }).answers);
    const engine = await createEngine(await openFolder(path('public/models/atlas'), 'fp32'), { importRuntime });
    for (const [index, prompt] of PROMPTS.entries()) {
      const { ids, logits, text } = theirs[index]!;
      const tokens = engine.tokenize(prompt).map((token) => token.id);
      expect(tokens).toEqual(ids);
      expect(text.trim()).toBe(prompt);
      const ours = await engine.generateStep(tokens, {});
      const largest = logits.reduce((worst, logit, id) => Math.max(worst, Math.abs(logit - ours[id]!)), 0);
      expect(ours).toHaveLength(logits.length);
      expect(largest).toBeLessThan(1e-4);
    }
    await engine.dispose();
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});

/** Words that only the library has. */
const OF_THE_LIBRARY = /Unknown PreTokenizer type/;

test('the library is no part of the page’s own scripts, brings no runtime, and looks nowhere for files', async ({
  page,
  site,
}) => {
  const files = (await readdir(DIST, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const scripts = files.filter((name) => /^assets\/.*\.js$/.test(name));
  const withLibrary: string[] = [];
  for (const name of scripts) if (OF_THE_LIBRARY.test(await readFile(join(DIST, name), 'utf8'))) withLibrary.push(name);
  // One for each of the two workers, in a file of its own.
  expect(withLibrary.length).toBeGreaterThan(0);
  expect(
    withLibrary.every((name) => /\/library-[^/]+\.js$/.test(name)),
    withLibrary.join(),
  ).toBe(true);
  expect(files.filter((name) => name.endsWith('.wasm'))).toHaveLength(2);
  const elsewhere: string[] = [];
  // Requests are heard of after the test, too, when there is no site any more.
  const { url } = site;
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) elsewhere.push(request.url());
  });
  await open(page, site.url);
  await answered(page);
  expect(elsewhere).toEqual([]);
  // The text has a worker of its own.
  expect(page.workers().some((worker) => /\/text-entry-[^/]+\.js$/.test(worker.url()))).toBe(true);
});

test('the token that begins a text is a choice, and what is fed is shown', async ({ page, site, complaints }) => {
  await open(page, site.url);
  const strip = page.getByRole('toolbar', { name: /^Tokens of the prompt/ });
  const first = strip.getByRole('button').first();
  await expect(first).toHaveAccessibleName(/endoftext/);
  const choice = page.getByRole('radiogroup', { name: 'Beginning token' });
  await expect(choice.getByRole('radio', { name: 'BOS', exact: true })).toBeChecked();
  await choice.getByRole('radio', { name: 'no BOS' }).check();
  await expect(first).not.toHaveAccessibleName(/endoftext/);
  await answered(page);
  await choice.getByRole('radio', { name: 'BOS', exact: true }).check();
  await expect(first).toHaveAccessibleName(/endoftext/);
  // Atlas has no chat template.
  await expect(page.getByRole('radiogroup', { name: 'Prompt form' })).toHaveCount(0);
  expect(complaints.all).toEqual([]);
});

test('a model with a chat template can be asked in it', async ({ page, site }) => {
  const folder = join(await mkdtemp(join(tmpdir(), 'strata-chat-')), 'chatty');
  await cp(path('tests/fixtures/zoo/optimum-gpt2'), folder, { recursive: true });
  const template =
    "{% for m in messages %}<|endoftext|>{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}" +
    '{% if add_generation_prompt %}<|endoftext|>assistant: {% endif %}';
  await writeFile(join(folder, 'chat_template.jinja'), template);
  try {
    await open(page, site.url);
    await openModels(page);
    await dialog(page).locator('input[webkitdirectory]').setInputFiles(folder);
    await page.getByRole('button', { name: /^fp32, / }).click();
    await expect(model(page)).toContainText('chatty · fp32');
    await probed(page);
    const form = page.getByRole('radiogroup', { name: 'Prompt form' });
    await expect(form.getByRole('radio', { name: 'text' })).toBeChecked();
    await form.getByRole('radio', { name: 'chat' }).check();
    const tokens = page
      .getByRole('toolbar', { name: /^Tokens of the prompt/ })
      .getByRole('button', { name: /^Token / });
    await expect(tokens.first()).toHaveAccessibleName(/endoftext/);
    const ofTemplate = tokens.and(page.getByRole('button', { name: /put there by the chat template/ }));
    await expect(ofTemplate).not.toHaveCount(0);
    await expect(tokens.filter({ hasText: '\u00b7France' })).not.toHaveAccessibleName(/template/);
    await answered(page);
    await form.getByRole('radio', { name: 'text' }).check();
    await expect(ofTemplate).toHaveCount(0);
    await answered(page);
  } finally {
    await rm(join(folder, '..'), { recursive: true, force: true });
  }
});
