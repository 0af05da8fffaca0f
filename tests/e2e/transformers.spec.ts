import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
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
