import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelFiles } from '../../src/core/model';
import { slice } from '../../src/core/tensor';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { emitModel, makeFloat32 } from '../../src/onnx/emit';
import { scanModel } from '../../src/onnx/scan';
import { runUntouched } from './untouched';
import { largestDifference, openZoo, Reference } from './zoo';

const SINK = [0.5, -1, 2, 0.1];
/** GroupQueryAttention's input of that name. */
const HEAD_SINK = 11;

/** The file with an attention sink in every layer: a score per head that no position answers to. */
function withSinks(files: ModelFiles): ModelFiles {
  const model = scanModel(files.graph.bytes);
  const nodes = model.graph.nodes.map((node) =>
    node.op === 'GroupQueryAttention'
      ? {
          ...node,
          inputs: Array.from({ length: HEAD_SINK + 1 }, (_, index) =>
            index === HEAD_SINK ? 'sink' : (node.inputs[index] ?? ''),
          ),
        }
      : node,
  );
  const initializers = model.graph.initializers.map((tensor) => {
    if (tensor.data.kind !== 'file') return tensor;
    const { offset, length } = tensor.data;
    return { ...tensor, data: { kind: 'bytes' as const, bytes: model.bytes.slice(offset, offset + length) } };
  });
  const { bytes } = emitModel(model, {
    ...model.graph,
    nodes,
    initializers: [...initializers, makeFloat32('sink', SINK)],
    outputs: ['logits'],
  });
  return { ...files, graph: { ...files.graph, bytes: bytes as Uint8Array<ArrayBuffer> } };
}

describe('attention sinks', () => {
  let engine: Engine;
  let tokens: number[];
  let untouched: Float32Array;
  let without: Float32Array;

  beforeAll(async () => {
    const reference = await Reference.open('layouts/genai-qwen3/reference.safetensors');
    tokens = reference.tokens(1);
    without = reference.get(1, 'logits').data;
    const files = withSinks(await openZoo('layouts/genai-qwen3'));
    untouched = await runUntouched(files, tokens);
    engine = await createEngine(files);
  }, 60_000);
  afterAll(() => engine?.dispose());

  it('takes part in the softmax as the runtime’s own kernel has it', async () => {
    const { captures } = await engine.trace({ tokens, interventions: [], captures: ['logits'] });
    expect(largestDifference(captures.get('logits')!.data, untouched)).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(untouched, without)).toBeGreaterThan(0.1);
  });

  it('leaves the positions what it does not take', async () => {
    const captures = ['blocks.1.attn.hook_pattern', 'blocks.1.attn.hook_attn_scores'] as const;
    const { captures: found } = await engine.trace({ tokens, interventions: [], captures });
    const [pattern, scores] = captures.map((hook) => found.get(hook)!);
    SINK.forEach((sink, head) => {
      tokens.forEach((_, dest) => {
        const total = slice(scores!, head, dest).reduce((sum, score) => sum + Math.exp(score), Math.exp(sink));
        const row = slice(pattern!, head, dest);
        expect(row.length).toBe(tokens.length);
        expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1 - Math.exp(sink) / total, 5);
      });
    });
  });

  it('stays when an edge is cut', async () => {
    const hook = 'blocks.2.attn.hook_pattern';
    const cut = { kind: 'knockout', layers: [2], heads: 'all', dest: [-1], src: [1] } as const;
    const pattern = (await engine.trace({ tokens, interventions: [cut], captures: [hook] })).captures.get(hook)!;
    SINK.forEach((_, head) => {
      const row = slice(pattern, head, -1);
      expect(row[1]).toBe(0);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeLessThan(1);
    });
  });
});
