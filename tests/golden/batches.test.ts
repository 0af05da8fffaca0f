import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockHook, parseHook, type HookName } from '../../src/core/hooks';
import type { Intervention } from '../../src/core/interventions';
import type { LensTable, RunSpec, Trace } from '../../src/core/run';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { hookShape } from '../../src/onnx/hook-shape';
import { HELD_TO_PYTORCH, SINGLE } from './layouts';
import { largestDifference, openZoo, Reference } from './zoo';

const TOLERANCE = 1e-5;
const LENS_NUMBERS = ['topProbs', 'targetProbs', 'targetLogits', 'entropyBits', 'klBits'] as const;

/** Their prompts lie beside one another as in others of this list: the norms' places make no difference to that. */
const ALIKE = /opt-350m|gpt1|cohere/;
const BATCHED = HELD_TO_PYTORCH.filter(
  ({ folder, dtype }) => dtype === 'fp32' && SINGLE[`${folder} ${dtype}`] === undefined && !ALIKE.test(folder),
);

describe.each(BATCHED)('$folder ($dtype) in batches', ({ folder, dtype, reference }) => {
  let engine: Engine;
  let prompts: readonly (readonly number[])[];

  beforeAll(async () => {
    const tokens = (await Reference.open(reference)).tokens(1);
    prompts = [tokens, [...tokens].reverse()];
    engine = await createEngine(await openZoo(folder, dtype));
  }, 60_000);
  afterAll(() => engine?.dispose());

  const numbers = (length: number, seed: number): number[] =>
    Array.from({ length }, (_, at) => Math.sin(seed * 12.9898 + at * 78.233));

  /** Layers with this hook; in a hybrid, some have no attention. */
  function layersWith(hook: string): number[] {
    return engine.info.hooks.flatMap((name) => {
      const parsed = parseHook(name);
      return parsed?.kind === 'block' && parsed.hook === hook ? [parsed.layer] : [];
    });
  }

  /** Lists of every kind, some of them several kinds at once, some of them at the same place. */
  function lists(): (readonly Intervention[])[] {
    const { dims } = engine.info;
    const attending = layersWith('attn.hook_z');
    const [first, last] = [attending[0]!, attending.at(-1)!];
    const stream = blockHook(0, 'hook_resid_post');
    const z = blockHook(first, 'attn.hook_z');
    const post = blockHook(1, 'mlp.hook_post');
    const width = (hook: HookName): number => hookShape(hook, dims)!.width;
    // The neighbour is seen in a sliding window too.
    const knockout: Intervention = { kind: 'knockout', layers: [first, last], heads: [0], dest: [-1], src: [-2] };
    const edit = (layer: number, seed: number): Intervention => ({
      kind: 'edit',
      layer,
      key: numbers(dims.d_mlp, seed),
      value: numbers(dims.d_model, seed + 1),
    });
    // A mixture of experts has no neurons to be changed.
    const neurons: (readonly Intervention[])[] =
      layersWith('mlp.hook_post').length === 0
        ? []
        : [
            [{ kind: 'ablate', hook: post, neuron: [3, 4, 5], mode: 'mean' }],
            [edit(0, 3), edit(0, 4), edit(1, 5)],
            [
              knockout,
              edit(0, 7),
              { kind: 'scale', hook: stream, by: 0.5 },
              { kind: 'ablate', hook: post, mode: 'mean' },
            ],
          ];
    return [
      [],
      [{ kind: 'add', hook: stream, pos: [1, -1], vector: numbers(dims.d_model, 1) }],
      [{ kind: 'set', hook: blockHook(1, 'hook_mlp_out'), pos: [2], vector: numbers(dims.d_model, 2) }],
      [{ kind: 'ablate', hook: z, head: [1], mode: 'zero' }],
      [{ kind: 'ablate', hook: z, head: [0], mode: 'mean' }],
      [{ kind: 'scale', hook: blockHook(last, 'attn.hook_z'), head: [0], pos: [-1], by: -1.5 }],
      [knockout],
      [
        {
          kind: 'add',
          hook: blockHook(first, 'attn.hook_v'),
          head: [0],
          vector: numbers(width(blockHook(first, 'attn.hook_v')), 6),
        },
      ],
      [knockout, { kind: 'scale', hook: stream, by: 0.5 }],
      ...neurons,
    ];
  }

  function specs(): RunSpec[] {
    const wanted = ['hook_resid_pre', 'hook_resid_post', 'attn.hook_pattern', 'attn.hook_z', 'mlp.hook_post'];
    const captures = engine.info.hooks.filter((name) => {
      const parsed = parseHook(name);
      return parsed?.kind === 'block' ? wanted.includes(parsed.hook) : name === 'logits';
    });
    const lens = { positions: [0, -1], midLayers: true, k: 5, targets: [3, engine.info.dims.d_vocab - 1] };
    return lists().flatMap((interventions) =>
      prompts.map((tokens): RunSpec => ({ tokens, interventions, captures, lens })),
    );
  }

  function expectSame(found: Trace, expected: Trace, what: string): void {
    expect([...found.captures.keys()], what).toEqual([...expected.captures.keys()]);
    for (const [hook, { dims, data }] of expected.captures) {
      const ours = found.captures.get(hook)!;
      expect(ours.dims, `${what} ${hook}`).toEqual(dims);
      expect(largestDifference(ours.data, data), `${what} ${hook}`).toBeLessThanOrEqual(TOLERANCE);
    }
    expectSameLens(found.lens!, expected.lens!, what);
  }

  function expectSameLens(found: LensTable, expected: LensTable, what: string): void {
    expect(found.positions).toEqual(expected.positions);
    expect(found.rowHooks).toEqual(expected.rowHooks);
    for (const key of LENS_NUMBERS)
      expect(largestDifference(found[key], expected[key]), `${what} ${key}`).toBeLessThanOrEqual(TOLERANCE);
    expect(found.targetRanks, what).toEqual(expected.targetRanks);
    expect(found.topIds, what).toEqual(expected.topIds);
  }

  it('gives what runs one by one give, whatever kinds of interventions meet in one batch', async () => {
    const list = specs();
    const single: Trace[] = [];
    for (const spec of list) single.push(await engine.trace(spec));
    await engine.release();

    const cells = single[0]!.lens!.rowHooks.length * single[0]!.lens!.positions.length;
    let together = 1;
    const stage = { specs: list.length, interventions: lists().flat() };
    const onLensProgress = (_: number, total: number): void => {
      together = Math.max(together, total / cells);
    };
    let index = 0;
    for await (const trace of engine.traces(list, { stage, onLensProgress })) {
      expect(trace.spec).toBe(list[index]);
      expectSame(trace, single[index]!, `spec ${index}`);
      index++;
    }
    expect(index).toBe(list.length);
    expect(together, 'specs run together').toBeGreaterThan(2);

    // Each changes something, so that the comparison could fail.
    const plain = single[0]!.captures.get('logits')!.data;
    const reversed = single[1]!.captures.get('logits')!.data;
    single.slice(2).forEach((trace, at) => {
      const unchanged = at % 2 === 0 ? plain : reversed;
      const difference = largestDifference(trace.captures.get('logits')!.data, unchanged);
      expect(difference, `spec ${at + 2} changes the logits`).toBeGreaterThan(10 * TOLERANCE);
    });
  }, 60_000);

  it('gives the whole lens and the normalised stream of each', async () => {
    const captures: readonly HookName[] = ['logit_lens', 'ln_final.hook_normalized'];
    const list = prompts.map((tokens): RunSpec => ({ tokens, interventions: [], captures }));
    let index = 0;
    for await (const trace of engine.traces(list)) {
      const alone = await engine.trace(list[index]!);
      for (const hook of captures) {
        expect(
          largestDifference(trace.captures.get(hook)!.data, alone.captures.get(hook)!.data),
          hook,
        ).toBeLessThanOrEqual(TOLERANCE);
      }
      index++;
    }
    expect(index).toBe(2);
  });
});
