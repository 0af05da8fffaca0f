import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dtype } from '../../src/core/model';
import { sizeOf, slice, type Tensor } from '../../src/core/tensor';
import {
  isMissing,
  LAYER_WEIGHTS,
  MODEL_WEIGHTS,
  type LayerWeight,
  type MissingWeight,
  type MissingWeightReason,
  type ModelWeight,
} from '../../src/core/weights';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { HELD_TO_PYTORCH, LAYOUTS } from './layouts';
import { largestDifference, openZoo } from './zoo';

/** A weight's name in weights.json, and how to ask for it. */
interface Name {
  readonly key: string;
  read(engine: Engine): Tensor | MissingWeight;
  readonly layer?: number;
  readonly name: ModelWeight | LayerWeight;
}

function namesOf(engine: Engine): Name[] {
  const layers = Array.from({ length: engine.info.dims.n_layers }, (_, layer) => layer);
  return [
    ...MODEL_WEIGHTS.map((name): Name => ({ key: name, name, read: ({ weights }) => weights.ofModel(name) })),
    ...layers.flatMap((layer) =>
      LAYER_WEIGHTS.map((name): Name => ({
        key: `blocks.${layer}.${name}`,
        layer,
        name,
        read: ({ weights }) => weights.ofLayer(layer, name),
      })),
    ),
  ];
}

interface Described {
  readonly dims: readonly number[];
  readonly sum: number;
  readonly sha256: string;
}

async function describedWeights(path: string): Promise<Record<string, Described>> {
  const file = fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, Described>;
}

/** As `training/weight_references.py` describes a weight. */
function describedTensor({ dims, data }: Tensor): Described {
  const sum = data.reduce((total, value, index) => total + value * Math.sin(index + 1), 0);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims, sum, sha256: createHash('sha256').update(bytes).digest('hex').slice(0, 16) };
}

/** Where a layer is something else: convolutions in the hybrids, experts in the mixtures. */
const WITHOUT: readonly (readonly [folder: RegExp, key: RegExp, reason: MissingWeightReason])[] = [
  [/lfm2/, /^blocks\.[03]\.(W_[QKVO]|b_[QKVO]|ln1)/, 'no-part'],
  [/mixtral|gpt-oss/, /^blocks\.\d\.([Wb]_(in|gate|out)|ln2)/, 'no-part'],
  // Half as wide as the stream: used only together with a product of their own.
  [/opt-350m/, /^W_[EU]$/, 'factored'],
];

const FP32 = HELD_TO_PYTORCH.filter(({ dtype }) => dtype === 'fp32');

describe.each(FP32)('weights of $folder', ({ folder, dtype, weights: path }) => {
  let engine: Engine;
  let stored: Record<string, Described>;

  beforeAll(async () => {
    stored = await describedWeights(path);
    engine = await createEngine(await openZoo(folder, dtype));
  }, 60_000);
  afterAll(() => engine?.dispose());

  it('are PyTorch’s, bit by bit; what is missing has a reason', () => {
    const names = namesOf(engine);
    const unread = new Set(Object.keys(stored));
    const wrong: string[] = [];
    for (const { key, read, name, layer } of names) {
      const found = read(engine);
      const expected = stored[key];
      const [, , reason] = WITHOUT.find(([where, which]) => where.test(folder) && which.test(key)) ?? [];
      if (reason !== undefined) {
        unread.delete(key);
        expect(found, key).toMatchObject({ missing: name, reason });
      } else if (isMissing(found)) {
        expect(found).toEqual({ missing: name, ...(layer === undefined ? {} : { layer }), reason: found.reason });
        if (expected || found.reason !== 'not-in-model') wrong.push(`${key}: ${found.reason}`);
      } else {
        unread.delete(key);
        const own = describedTensor(found);
        if (!expected) wrong.push(`${key}: PyTorch has none`);
        else if (own.dims.join() !== expected.dims.join()) wrong.push(`${key}: [${own.dims.join()}]`);
        else if (own.sha256 !== expected.sha256) wrong.push(`${key}: differs (${own.sum} instead of ${expected.sum})`);
      }
    }
    expect(wrong).toEqual([]);
    expect([...unread]).toEqual([]);
    expect(Object.keys(stored).length).toBeGreaterThan(15);
  });
});

describe('weights of quantised files', () => {
  /** How many steps a block of this dtype has; a weight is at most half a step from what it was. */
  const STEPS: Readonly<Partial<Record<Dtype, number>>> = { q8: 255, int8: 254, uint8: 255, q4: 15, q4f16: 15 };
  const rounded = LAYOUTS.filter(({ dtype }) => dtype !== 'fp32');

  it('come from every precision there is', () => {
    expect(new Set(rounded.map(({ dtype }) => dtype))).toEqual(new Set([...Object.keys(STEPS), 'fp16']));
  });

  it.each(rounded)('of $folder ($dtype) are the exact ones, rounded', async ({ folder, dtype }) => {
    const exactFolder = folder === 'layouts/genai-llama-q4f16' ? 'zoo/genai-llama' : folder;
    const engine = await createEngine(await openZoo(folder, dtype));
    const exact = await createEngine(await openZoo(exactFolder, 'fp32'));
    const names = namesOf(exact);
    let changed = 0;
    for (const { key, read } of names) {
      const [found, expected] = [read(engine), read(exact)];
      if (isMissing(expected)) {
        expect(found, key).toEqual(expected);
        continue;
      }
      if (isMissing(found)) throw new Error(`${key}: ${found.reason}`);
      expect(found.dims, key).toEqual(expected.dims);
      const difference = largestDifference(found.data, expected.data);
      // Half precision keeps eleven bits; else half a step of the widest block, whose scale may be a half itself.
      const widest = Math.max(...expected.data) - Math.min(...expected.data);
      const steps = STEPS[dtype];
      const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const half = largest * 2 ** -11;
      expect(difference, key).toBeLessThanOrEqual((steps ? (1.02 * Math.max(widest, largest)) / steps : 0) + half);
      if (difference > 0) changed += 1;
    }
    expect(changed).toBeGreaterThan(4);
    await engine.dispose();
    await exact.dispose();
  });
});

describe.each(LAYOUTS)('rows of $folder ($dtype)', ({ folder, dtype }) => {
  it('are those of the whole matrices, and what the embedding gives', async () => {
    const engine = await createEngine(await openZoo(folder, dtype));
    const { d_vocab, d_model } = engine.info.dims;
    const ids = [3, d_vocab - 1, 17, 3];
    const rows = engine.weights.rowsOf('W_E', ids);
    const columns = engine.weights.rowsOf('W_U', ids);
    const [W_E, W_U] = [engine.weights.ofModel('W_E'), engine.weights.ofModel('W_U')];
    if (folder === 'layouts/opt-350m') {
      for (const found of [rows, columns, W_E, W_U]) expect(found).toMatchObject({ reason: 'factored' });
      return engine.dispose();
    }
    if (isMissing(rows) || isMissing(columns) || isMissing(W_E) || isMissing(W_U)) throw new Error('no table');
    expect(rows.dims).toEqual([4, d_model]);
    expect(columns.dims).toEqual([4, d_model]);
    expect(W_U.dims).toEqual([d_model, d_vocab]);
    ids.forEach((id, row) => {
      expect(slice(rows, row)).toEqual(slice(W_E, id));
      expect([...slice(columns, row)]).toEqual(
        Array.from({ length: d_model }, (_, at) => W_U.data[at * d_vocab + id]!),
      );
    });
    const trace = await engine.trace({ tokens: ids, interventions: [], captures: ['hook_embed'] });
    const embedded = trace.captures.get('hook_embed')!;
    expect(sizeOf(embedded.dims)).toBe(4 * d_model);
    expect(largestDifference(rows.data, embedded.data)).toBeLessThanOrEqual(1e-6);
    expect(() => engine.weights.rowsOf('W_U', [d_vocab])).toThrow(RangeError);
    await engine.dispose();
  });
});
