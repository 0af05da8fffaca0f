import { scanModel } from '../../src/onnx/scan.ts';
import { openZoo } from '../golden/zoo.ts';
import type {} from './worker-page/page.ts';
import { modelWorkers } from './model-workers.ts';
import { expect, MODELS, test } from './worker-site.ts';

/** As much of a GPU device as these tests touch. */
interface Device {
  destroy(): void;
}

test('the contract of ModelApi holds through the worker, on WebGPU', async ({ page }) => {
  test.setTimeout(480_000);
  const outcomes = await page.evaluate(() => window.strata.contract('webgpu', 1e-3));
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(outcomes[0]!.name).toMatch(/WebGPU/);
});

/** Every length of a prompt costs new shaders, so that the others run the longest one only. */
const WITH_ALL_PROMPTS = ['zoo/optimum-llama'];

/**
 * A software adapter takes seconds for each: those with an operator that none before them has. How the same layouts are
 * recognised is proven on WASM, for all of them.
 */
async function withNewOperators(fixtures: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  const out: string[] = [];
  for (const fixture of fixtures) {
    const { graph } = await openZoo(fixture);
    const operators = scanModel(graph.bytes).graph.nodes.map(({ domain, op }) => `${domain}.${op}`);
    if (operators.some((operator) => !seen.has(operator))) out.push(fixture);
    operators.forEach((operator) => seen.add(operator));
  }
  return out;
}

/** Its graph holds the angles of one prompt. */
const ONE_PROMPT = 'layouts/opset23-llama';

test('every operator of the zoo and of other layouts gives PyTorch’s numbers through the worker, on WebGPU', async ({
  page,
}) => {
  test.setTimeout(480_000);
  // The contract has run GPT-2.
  for (const model of (await withNewOperators(MODELS)).filter((name) => name !== 'zoo/optimum-gpt2')) {
    await test.step(model, async () => {
      const prompts = WITH_ALL_PROMPTS.includes(model) ? [0, 1, 2] : [1];
      const outcomes = await page
        .evaluate(([name, some]) => window.strata.golden(name, 'fp32', 'webgpu', some), [model, prompts] as const)
        // One that cannot be loaded does not keep the others from being tried.
        .catch((error: unknown) => [{ name: model, error: String(error) }]);
      expect.soft(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
      expect.soft(outcomes).toHaveLength(4);
      // Two prompts were run together when it was opened, and gave the numbers of each.
      expect
        .soft(outcomes[0]!.name)
        .toMatch(model === ONE_PROMPT ? /runs on WebGPU.*, single$/ : /runs on WebGPU.*, batched$/);
    });
  }
});

const STORED_SMALLER = [
  ['optimum-llama', 'fp16'],
  ['optimum-gpt2', 'q8'],
  ['genai-llama', 'q4'],
] as const;
test('smaller precisions agree with WASM on WebGPU, operators without a kernel there included', async ({ page }) => {
  test.setTimeout(480_000);
  for (const [name, dtype] of STORED_SMALLER) {
    await test.step(`${name} (${dtype})`, async () => {
      const info = await page.evaluate(
        async ([folder, stored]) => {
          const { client, zoo } = window.strata;
          const api = client();
          // A load on WebGPU runs a prompt on both backends and notes where they differ.
          const loaded = await api.load(await zoo(folder, 'webgpu', stored));
          await api.dispose();
          return loaded;
        },
        [name, dtype] as const,
      );
      expect.soft(info).toMatchObject({ backend: 'webgpu', dtype, selfCheck: { kind: 'same', when: 'now' } });
      expect.soft(info.backendNote).toBeUndefined();
    });
  }
});

test('auto takes WASM for a small model', async ({ page }) => {
  const backend = await page.evaluate(async () => {
    const { client, zoo } = window.strata;
    const api = client();
    const info = await api.load(await zoo('optimum-gpt2', 'auto'));
    await api.dispose();
    return info.backend;
  });
  expect(backend).toBe('wasm');
});

test('a lost GPU: the model is loaded again and the run repeated', async ({ page }) => {
  await page.evaluate(async () => {
    window.api = window.strata.client();
    await window.api.load(await window.strata.zoo('optimum-gpt2', 'webgpu'));
  });
  const [worker] = modelWorkers(page);
  // Every buffer of the session knows its device: the next one made tells us which.
  await worker!.evaluate(() => {
    const prototype = (globalThis as unknown as { GPUDevice: { prototype: Record<string, unknown> } }).GPUDevice
      .prototype;
    const create = prototype['createCommandEncoder'] as (...args: unknown[]) => unknown;
    prototype['createCommandEncoder'] = function (this: Device, ...args: unknown[]) {
      (globalThis as unknown as { device: Device }).device = this;
      return create.apply(this, args);
    };
  });
  const probe = (prompt: string) =>
    page.evaluate(async (text) => {
      const fact = { prompt: text, answers: ['the'] };
      const { result } = await window.api.runProbe<{ rank: Int32Array }>({ probe: 'emergence', fact });
      return [...result.rank];
    }, prompt);
  const before = await probe('The capital of France is');
  await worker!.evaluate(() => (globalThis as unknown as { device: Device }).device.destroy());
  await probe('Another prompt, not cached');
  expect(await probe('The capital of France is')).toEqual(before);
  const states = await page.evaluate(() => window.strata.restarts.map((event) => event.state));
  expect(states.filter((state) => state !== 'loading')).toEqual(['restarting', 'ready']);
  const reason = await page.evaluate(() => {
    const [first] = window.strata.restarts;
    return first?.state === 'restarting' ? first.reason.code : undefined;
  });
  expect(reason).toBe('device-lost');
});
