import { describe, expect, it } from 'vitest';
import { importRuntime } from '../../src/cli/node-runtime';
import type { ModelFiles } from '../../src/core/model';
import { createEngine } from '../../src/engine/create-engine';
import type { KeptVerdicts } from '../../src/engine/engine';
import type { Runtime } from '../../src/engine/session/runtime';
import { makeFloat32, makeInt, makeInt64, makeNode, type GraphParts } from '../../src/onnx/emit';
import { fromBrain, tensorValues } from '../../src/onnx/constants';
import { ElementType, type OnnxNode, type OnnxTensor } from '../../src/onnx/onnx-model';
import { scanModel } from '../../src/onnx/scan';
import { changed } from '../fixtures/changed-model';
import { runUntouched } from './untouched';
import { largestDifference, openZoo } from './zoo';

const TOKENS = [5, 9, 3, 14, 7];

/** The vocabulary backwards, in a way that is not recognised as a choice of columns. */
function backwards(files: ModelFiles): ModelFiles {
  const own = (node: OnnxNode): OnnxNode => (node.outputs[0] === 'logits' ? { ...node, outputs: ['own'] } : node);
  return changed(files, (parts) => ({
    ...parts,
    nodes: [...parts.nodes.map(own), makeNode('Slice', ['own', 'from', 'to', 'axis', 'step'], ['logits'])],
    initializers: [
      ...parts.initializers,
      makeInt64('from', [-1]),
      makeInt64('to', [-(2 ** 31)]),
      makeInt64('axis', [-1]),
      makeInt64('step', [-1]),
    ],
  }));
}

/** A runtime that counts the sessions made. */
function counting() {
  const seen = { made: 0 };
  const load = async (): Promise<Runtime> => {
    const runtime = await importRuntime();
    const create = (...args: Parameters<typeof runtime.InferenceSession.create>) => {
      seen.made++;
      return runtime.InferenceSession.create(...args);
    };
    return { ...runtime, InferenceSession: { create } as unknown as Runtime['InferenceSession'] };
  };
  return { seen, load };
}

function memory(): KeptVerdicts & { readonly documents: Map<string, string> } {
  const documents = new Map<string, string>();
  return {
    documents,
    read: (name) => Promise.resolve(documents.has(name) ? (JSON.parse(documents.get(name)!) as unknown) : undefined),
    write: (name, verdict) => Promise.resolve(void documents.set(name, JSON.stringify(verdict))),
  };
}

describe('a file whose logits are others than those of what was recognised', () => {
  it('gives its own, and only them, and says so', async () => {
    const files = backwards(await openZoo('families/gpt2'));
    const untouched = await runUntouched(files, TOKENS);
    const engine = await createEngine(files);
    const { info } = engine;
    expect(info.fileCheck).toMatchObject({ kind: 'different', when: 'now' });
    expect(info.hooks).toEqual(['logits']);
    const { difference } = info.fileCheck as { readonly difference: number };
    expect(difference).toBeGreaterThan(0.005);
    expect(info.missing).toMatchObject([
      { part: 'anatomy', reason: { code: 'logits-differ', details: { difference } } },
    ]);
    const { captures } = await engine.trace({ tokens: TOKENS, interventions: [], captures: ['logits'] });
    expect(largestDifference(captures.get('logits')!.data, untouched)).toBeLessThanOrEqual(1e-5);
    await engine.dispose();
  });

  it('is compared once, and remembered for the same file recognised in the same way', async () => {
    const kept = memory();
    for (const [files, kind, sessions] of [
      [await openZoo('families/gpt2'), 'same', 2],
      [backwards(await openZoo('families/gpt2')), 'different', 3],
    ] as const) {
      for (const when of ['now', 'before'] as const) {
        const { seen, load } = counting();
        const engine = await createEngine(files, { kept, importRuntime: load });
        expect(engine.info.fileCheck).toMatchObject({ kind, when });
        // The file itself the first time; then tail and layers, and the file's own layers where they are wrong.
        expect(seen.made).toBe(sessions + (when === 'now' ? 1 : 0));
        await engine.dispose();
      }
    }
    expect(kept.documents.size).toBe(2);
  });

  it('need not be compared where that was done when the app was built, for these very headers', async () => {
    const files = await openZoo('families/gpt2');
    const kept = memory();
    const first = await createEngine(files, { kept });
    await first.dispose();
    const [name] = [...kept.documents.keys()];
    for (const [shipped, when, sessions] of [
      [name, 'built', 2],
      ['file/other-headers', 'now', 3],
    ] as const) {
      const { seen, load } = counting();
      const known = { ...memory(), shipped: (asked: string) => (asked === shipped ? 1e-6 : undefined) };
      const engine = await createEngine(files, { kept: known, importRuntime: load });
      expect(engine.info.fileCheck).toMatchObject({ kind: 'same', when });
      expect(seen.made).toBe(sessions);
      await engine.dispose();
    }
  });

  it('takes a memory that holds nonsense for none', async () => {
    const kept: KeptVerdicts = { read: () => Promise.resolve({ a: 1 }), write: () => Promise.resolve() };
    const engine = await createEngine(await openZoo('families/gpt2'), { kept });
    expect(engine.info.fileCheck).toMatchObject({ kind: 'same', when: 'now' });
    await engine.dispose();
  });
});

/** The file with more attributes on every operator of a kind. */
function withAttribute(files: ModelFiles, op: string, name: string, value: number): ModelFiles {
  const more = (node: OnnxNode): OnnxNode =>
    node.op === op
      ? { ...node, attributes: [...node.attributes.filter((own) => own.name !== name), makeInt(name, value)] }
      : node;
  return changed(files, (parts) => ({ ...parts, nodes: parts.nodes.map(more) }));
}

describe('an attribute that is not known', () => {
  it.each([
    ['layouts/opset23-llama', 'Attention', 'local_window_size'],
    ['layouts/genai-qwen3', 'GroupQueryAttention', 'sees'],
    ['layouts/genai-phi-mha', 'MultiHeadAttention', 'sees'],
    ['layouts/fused-gpt2', 'SkipLayerNormalization', 'beyond'],
    ['families/gpt2', 'Gemm', 'gamma'],
  ])('is refused by name in %s where the runtime does not know it either: %s.%s', async (folder, op, name) => {
    const files = withAttribute(await openZoo(folder), op, name, 2);
    await expect(createEngine(files)).rejects.toMatchObject({
      code: 'unsupported-model',
      details: { reason: 'attribute', input: `${op}.${name}` },
    });
  });

  it('leaves the operator as it is where the runtime knows it', async () => {
    const files = withAttribute(await openZoo('layouts/fused-gpt2'), 'Attention', 'rotary_embedding_dim', 4);
    const untouched = await runUntouched(files, TOKENS);
    const engine = await createEngine(files);
    const inside = engine.info.missing.filter(({ part }) => part === 'inside-attention');
    expect(inside).toHaveLength(engine.info.dims.n_layers);
    for (const { reason } of inside)
      expect(reason).toEqual({
        code: 'foreign-attribute',
        details: { operator: 'Attention', attribute: 'rotary_embedding_dim' },
      });
    const { captures } = await engine.trace({ tokens: TOKENS, interventions: [], captures: ['logits'] });
    expect(largestDifference(captures.get('logits')!.data, untouched)).toBeLessThanOrEqual(1e-5);
    await engine.dispose();
  });
});

describe('a bfloat16 file', () => {
  /** Rounded to nearest even, as PyTorch rounds. */
  function toBrain(value: number): number {
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
    return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }

  /** Every float of the file rounded; stored in two bytes, or as the floats they are. */
  function rounded(files: ModelFiles, stored: boolean): ModelFiles {
    const model = scanModel(files.graph.bytes);
    const tensor = (one: OnnxTensor): OnnxTensor => {
      if (one.elementType !== ElementType.FLOAT) return one;
      const halves = Uint16Array.from(tensorValues(one, model.bytes, files.external)!, toBrain);
      if (!stored) return makeFloat32(one.name, Array.from(halves, fromBrain), one.dims);
      return {
        ...one,
        elementType: ElementType.BFLOAT16,
        data: { kind: 'bytes', bytes: new Uint8Array(halves.buffer) },
      };
    };
    const cast = (node: OnnxNode): OnnxNode =>
      stored && node.op === 'Cast' && node.attributes.some(({ name, i }) => name === 'to' && i === ElementType.FLOAT)
        ? { ...node, attributes: [makeInt('to', ElementType.BFLOAT16)] }
        : node;
    return changed(files, (parts): GraphParts => ({
      ...parts,
      nodes: parts.nodes.map(cast),
      initializers: parts.initializers.map(tensor),
    }));
  }

  it.each(['families/llama', 'families/gpt2'])('is computed in float32: %s', async (folder) => {
    const files = await openZoo(folder);
    const expected = await runUntouched(rounded(files, false), TOKENS);
    const engine = await createEngine(rounded(files, true));
    const captures = (await engine.trace({ tokens: TOKENS, interventions: [], captures: ['logits'] })).captures;
    expect(largestDifference(captures.get('logits')!.data, expected)).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(expected, await runUntouched(files, TOKENS))).toBeGreaterThan(1e-3);
    expect(engine.info.missing).toEqual([]);
    await engine.dispose();
  });
});

describe('the length of the context', () => {
  const without = ({ config, ...files }: ModelFiles): ModelFiles => ({
    ...files,
    config: Object.fromEntries(
      Object.entries(config).filter(
        ([name]) => !/position|n_ctx|seq_len/.test(name) || name === 'position_embedding_type',
      ),
    ),
  });

  it.each([
    ['families/llama', undefined],
    // Rows of the table of learned positions, and of the table of angles.
    ['families/gpt2', 64],
    ['layouts/genai-qwen3', 64],
  ] as const)('is not known of %s where nothing says it, else what its tables have', async (folder, n_ctx) => {
    const files = await openZoo(folder);
    const stated = await createEngine(files);
    expect(stated.info.dims.n_ctx).toBe(64);
    expect(stated.info.limits).toMatchObject({ tokens: 64, reason: 'context' });
    await stated.dispose();
    const engine = await createEngine(without(files));
    const { dims, limits } = engine.info;
    expect(dims.n_ctx).toBe(n_ctx);
    if (n_ctx === undefined) {
      expect(limits.reason).toBe('memory');
      expect(limits.tokens).toBeGreaterThan(2048);
      expect(limits.attentionTokens).toBeGreaterThan(64);
      // Longer than the 1024 or 2048 that would have been guessed.
      const tokens = Array.from({ length: 100 }, (_, index) => 1 + (index % 60));
      await engine.trace({ tokens, interventions: [], captures: ['logits'] });
    } else expect(limits).toMatchObject({ tokens: n_ctx, reason: 'context' });
    await engine.dispose();
  });
});
