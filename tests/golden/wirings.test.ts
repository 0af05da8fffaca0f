import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HookName } from '../../src/core/hooks';
import type { Intervention } from '../../src/core/interventions';
import { entropyBits, softmax } from '../../src/core/numerics';
import { unusualIds } from '../../src/core/random';
import { slice, type Tensor } from '../../src/core/tensor';
import { isMissing } from '../../src/core/weights';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { missingReason } from '../../src/engine/run/missing';
import { runUntouched } from './untouched';
import { WIRINGS } from './wirings';
import { largestDifference, openZoo, Reference } from './zoo';

const TOLERANCE = 1e-4;
/** Not in the references: the scores, whose masked entries are anybody's, and the lens. */
const UNSTORED = /attn\.hook_attn_scores$|^logit_lens$/;

describe.each(WIRINGS)('$name', ({ name, missing, layers = [0, 1] }) => {
  let engine: Engine;
  let reference: Reference;
  let tokens: number[];
  let untouched: Float32Array;

  beforeAll(async () => {
    reference = await Reference.open(`wirings/${name}/reference.safetensors`);
    tokens = reference.tokens(0);
    const files = await openZoo(`wirings/${name}`);
    untouched = await runUntouched(files, tokens);
    engine = await createEngine(files);
  }, 60_000);
  afterAll(() => engine?.dispose());

  const run = async (
    captures: readonly HookName[],
    interventions: readonly Intervention[] = [],
  ): Promise<ReadonlyMap<HookName, Tensor>> => (await engine.trace({ tokens, interventions, captures })).captures;

  /** Logits of as many last positions as the file gives. */
  async function logits(like: ArrayLike<number>, interventions: readonly Intervention[] = []): Promise<Float32Array> {
    const { data } = (await run(['logits'], interventions)).get('logits')!;
    return data.subarray(data.length - like.length);
  }

  it('gives the untouched file’s logits', async () => {
    expect(largestDifference(await logits(untouched), untouched)).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(reference.get(0, 'logits').data, untouched)).toBeLessThanOrEqual(1e-5);
    if (missing.anatomy) expect(engine.info.fileCheck).toBeUndefined();
    else expect(engine.info.fileCheck).toMatchObject({ kind: 'same', when: 'now' });
  });

  it('shows of every hook what PyTorch has there, or withdraws it by name', async () => {
    const shown = engine.info.hooks.filter((hook) => !UNSTORED.test(hook) && hook !== 'logits');
    const captures = await run(shown);
    const wrong = shown.filter((hook) => {
      const expected = reference.names(0).includes(hook) ? reference.get(0, hook) : undefined;
      return !(largestDifference(captures.get(hook)!.data, expected?.data ?? []) <= TOLERANCE);
    });
    expect(wrong).toEqual([]);
    const found = engine.info.missing.map(({ part, layer, reason }) => `${layer ?? '*'} ${part}: ${reason.code}`);
    const expected = (missing.anatomy ? ['*'] : layers).flatMap((layer) =>
      Object.entries(missing).map(([part, code]) => `${layer} ${part}: ${code}`),
    );
    expect(found.toSorted()).toEqual(expected.toSorted());
    // What PyTorch has and is not shown is among what is said to be missing.
    const silent = reference
      .names(0)
      .filter((hook) => /^blocks\.|^ln_final/.test(hook) && !engine.info.hooks.includes(hook as HookName))
      .filter((hook) => missingReason(engine.info, hook) === undefined);
    expect(silent).toEqual([]);
  });

  it('changes what PyTorch changes', async () => {
    const has = (hook: HookName): boolean => engine.info.hooks.includes(hook);
    const [key, value] = ['edit.key', 'edit.value'].map((one) => [...reference.get(0, one).data]) as [
      number[],
      number[],
    ];
    const experiments: readonly (readonly [string, HookName, Intervention])[] = [
      ['edit.logits', 'blocks.1.mlp.hook_post', { kind: 'edit', layer: 1, key, value }],
      [
        'ablate_head_1_2.logits',
        'blocks.1.attn.hook_z',
        { kind: 'ablate', hook: 'blocks.1.attn.hook_z', head: [2], mode: 'zero' },
      ],
      [
        'knockout_edge_last_to_7_layer_1.logits',
        'blocks.1.attn.hook_attn_scores',
        { kind: 'knockout', layers: [1], heads: 'all', dest: [-1], src: [7] },
      ],
    ];
    for (const [stored, hook, intervention] of experiments) {
      if (!has(hook)) {
        await expect(run(['logits'], [intervention]), stored).rejects.toMatchObject({
          code: missing.anatomy ? 'invalid-intervention' : 'unknown-hook',
        });
        continue;
      }
      const expected = reference.get(0, stored).data;
      expect(largestDifference(await logits(expected, [intervention]), expected), stored).toBeLessThanOrEqual(1e-3);
      expect(largestDifference(expected, untouched), stored).toBeGreaterThan(1e-2);
    }
  });
});

describe('the columns of a vocabulary', () => {
  it.each(['permuted-vocabulary', 'cut-vocabulary'])('of %s are the tokens’ own', async (name) => {
    const engine = await createEngine(await openZoo(`wirings/${name}`));
    const tokens = (await Reference.open(`wirings/${name}/reference.safetensors`)).tokens(0);
    const { captures } = await engine.trace({
      tokens,
      interventions: [],
      captures: ['logits', 'ln_final.hook_normalized'],
    });
    const [logits, stream] = [captures.get('logits')!, captures.get('ln_final.hook_normalized')!];
    const { d_model, d_vocab } = engine.info.dims;
    expect(logits.dims).toEqual([tokens.length, d_vocab]);
    const W_U = engine.weights.ofModel('W_U');
    const ids = [3, d_vocab - 1, 17];
    const rows = engine.weights.rowsOf('W_U', ids);
    if (isMissing(W_U) || isMissing(rows)) throw new Error('no unembedding');
    expect(W_U.dims).toEqual([d_model, d_vocab]);
    ids.forEach((id, row) => {
      const product = (at: (dimension: number) => number): number =>
        Array.from({ length: d_model }, (_, dimension) => stream.data[dimension]! * at(dimension)).reduce(
          (a, b) => a + b,
        );
      expect(product((dimension) => W_U.data[dimension * d_vocab + id]!)).toBeCloseTo(logits.data[id]!, 4);
      expect(product((dimension) => rows.data[row * d_model + dimension]!)).toBeCloseTo(logits.data[id]!, 4);
    });
    await engine.dispose();
  });
});

describe('a table of token vectors with fewer rows than there are logits', () => {
  const ROWS = 60;

  it('is known, whether or not the anatomy is, and no id beyond it is read', async () => {
    const files = await openZoo('wirings/fewer-rows');
    for (const config of [files.config, { ...files.config, num_hidden_layers: 9 }]) {
      const engine = await createEngine({ ...files, config });
      const { info } = engine;
      expect(info.missing.length).toBe(config === files.config ? 0 : 1);
      expect(info.idsRead).toBe(ROWS);
      expect(info.dims.d_vocab).toBe(ROWS + 4);
      expect(unusualIds(info)).toEqual([60, 61, 62, 63]);
      expect(await engine.generateStep([ROWS - 1, 3])).toHaveLength(ROWS + 4);
      for (const id of [ROWS, ROWS + 3]) {
        const asked = engine.trace({ tokens: [3, id], interventions: [], captures: ['logits'] });
        await expect(asked).rejects.toMatchObject({ code: 'invalid-request', details: { id } });
      }
      await engine.dispose();
    }
    const whole = await createEngine(await openZoo('wirings/padded-vocabulary'));
    expect(whole.info.idsRead).toBeUndefined();
    await whole.dispose();
  });
});

describe('a padded vocabulary whose logits are −∞', () => {
  it('has no part in any cell of the lens', async () => {
    const engine = await createEngine(await openZoo('wirings/padded-vocabulary'));
    const tokens = (await Reference.open('wirings/padded-vocabulary/reference.safetensors')).tokens(0);
    const lens = { positions: 'all', midLayers: true, k: 60, targets: [3, 63] } as const;
    const { lens: table, captures } = await engine.trace({ tokens, interventions: [], captures: ['logit_lens'], lens });
    const cells = table!.rowHooks.length * tokens.length;
    for (const numbers of [table!.entropyBits, table!.klBits, table!.topProbs, table!.targetProbs])
      expect(numbers.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    for (let cell = 0; cell < cells; cell++) {
      // 56 tokens of 64 can be written; the others stand behind all of them.
      expect([...table!.topIds.subarray(cell * 60, cell * 60 + 56)].every((id) => id < 56)).toBe(true);
      expect(table!.targetProbs[cell * 2 + 1]).toBe(0);
      expect(table!.targetRanks[cell * 2 + 1]).toBe(57);
    }
    const rows = captures.get('logit_lens')!;
    const last = softmax(slice(rows, -1, -1));
    const cell = cells - 1;
    expect(table!.entropyBits[cell]).toBeCloseTo(entropyBits(last), 4);
    expect(table!.klBits[cell]).toBeCloseTo(0, 4);
    await engine.dispose();
  });
});

describe('a knockout in a window', () => {
  let engine: Engine;
  let tokens: number[];
  beforeAll(async () => {
    tokens = (await Reference.open('wirings/windowed/reference.safetensors')).tokens(0);
    engine = await createEngine(await openZoo('wirings/windowed'));
  }, 60_000);
  afterAll(() => engine?.dispose());

  const cut = (src: readonly number[], heads: 'all' | readonly number[] = 'all'): Intervention => ({
    kind: 'knockout',
    layers: [1],
    heads,
    dest: [8],
    src,
  });
  const pattern = async (interventions: readonly Intervention[]): Promise<Float32Array> => {
    const hook = 'blocks.1.attn.hook_pattern';
    return (await engine.trace({ tokens, interventions, captures: [hook] })).captures.get(hook)!.data;
  };

  it('is refused where nothing is left within it, though earlier positions are', async () => {
    const nothing = { code: 'invalid-intervention', details: { index: 0 } };
    await expect(pattern([cut([6, 7, 8])])).rejects.toMatchObject(nothing);
    await expect(pattern([cut([6, 7, 8], [3])])).rejects.toMatchObject(nothing);
    // Two knockouts together; the second is the one too many.
    await expect(pattern([cut([6, 8]), cut([7])])).rejects.toMatchObject({ ...nothing, details: { index: 1 } });
    await expect(pattern([cut([0, 1, 2, 3, 4, 5, 6, 7, 8])])).rejects.toMatchObject(nothing);
  });

  it('leaves what the window still holds', async () => {
    for (const [src, left] of [
      [[7, 8], 6],
      [[6, 8], 7],
      [[6, 7], 8],
    ] as const) {
      const weights = await pattern([cut(src)]);
      for (let head = 0; head < 4; head++) expect(weights[(head * 9 + 8) * 9 + left]).toBeCloseTo(1, 5);
    }
  });

  it('ends a list of runs at the one that is refused, after those before it', async () => {
    const list = [cut([7, 8]), cut([6, 8]), cut([6, 7, 8]), cut([6, 7])];
    const specs = list.map((one) => ({ tokens, interventions: [one], captures: ['logits'] as const }));
    const done: number[] = [];
    const all = async (): Promise<void> => {
      let index = 0;
      for await (const trace of engine.traces(specs, { stage: { specs: 4, interventions: list } })) {
        expect(trace.spec).toBe(specs[index]);
        done.push(index++);
      }
    };
    await expect(all()).rejects.toMatchObject({ code: 'invalid-intervention' });
    expect(done).toEqual([0, 1]);
  });
});
