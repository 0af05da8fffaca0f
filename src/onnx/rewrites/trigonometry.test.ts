import * as ort from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import { largestDifference, openZoo } from '../../../tests/golden/zoo';
import { createEngine } from '../../engine/create-engine';

/** Builds the graph as for WebGPU, and runs it where the arithmetic can be relied on. */
const asForWebGpu = () =>
  Promise.resolve({
    ...ort,
    InferenceSession: {
      create: (bytes: Uint8Array, options: ort.InferenceSession.SessionOptions) =>
        ort.InferenceSession.create(bytes, { ...options, executionProviders: ['wasm'] }),
    },
  } as unknown as typeof ort);

describe('sine and cosine from arithmetic', () => {
  it.each(['optimum-llama', 'optimum-gpt_neox', 'optimum-qwen2'])(
    'leave %s as it was, over the whole context',
    async (folder) => {
      const files = await openZoo(`zoo/${folder}`);
      const plain = await createEngine(files);
      const rewritten = await createEngine(files, { backend: 'webgpu', importRuntime: asForWebGpu });
      const tokens = Array.from({ length: plain.info.dims.n_ctx! }, (_, position) => 1 + ((position * 37) % 500));
      const spec = { tokens, interventions: [], captures: ['logits'] as const };
      const [expected, actual] = [await plain.trace(spec), await rewritten.trace(spec)];
      const difference = largestDifference(actual.captures.get('logits')!.data, expected.captures.get('logits')!.data);
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThan(2e-5);
      await plain.dispose();
      await rewritten.dispose();
    },
    120_000,
  );
});
