import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HookName } from '../../src/core/hooks';
import type { Intervention } from '../../src/core/interventions';
import { entropyBits, klBits, logSumExp, rankOf, softmax } from '../../src/core/numerics';
import { slice, type Tensor } from '../../src/core/tensor';
import { isMissing } from '../../src/core/weights';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { hookShape } from '../../src/onnx/hook-shape';
import { LAYOUTS, SINGLE } from './layouts';
import { runUntouched } from './untouched';
import { largestDifference, openZoo, Reference } from './zoo';

describe.each(LAYOUTS)('$folder ($dtype) by itself', ({ folder, dtype }) => {
  let engine: Engine;
  let tokens: number[];
  let untouched: Float32Array;

  beforeAll(async () => {
    tokens = (await Reference.open(`${folder}/reference.safetensors`)).tokens(1);
    const files = await openZoo(folder, dtype);
    untouched = await runUntouched(files, tokens);
    engine = await createEngine(files);
  }, 60_000);
  afterAll(() => engine?.dispose());

  const run = async (
    captures: readonly HookName[],
    interventions: readonly Intervention[] = [],
  ): Promise<ReadonlyMap<HookName, Tensor>> => (await engine.trace({ tokens, interventions, captures })).captures;

  /** One intervention at every place there is, none of which changes anything. */
  function neutralEverywhere(): Intervention[] {
    const { dims, hooks } = engine.info;
    const adds = hooks.flatMap((hook): Intervention[] => {
      const shape = hookShape(hook, dims);
      return shape ? [{ kind: 'add', hook, vector: new Array<number>(shape.width).fill(0) }] : [];
    });
    const edits = edited().flatMap((layer): Intervention[] => [edit(layer, 1), edit(layer, -1)]);
    // The first position cannot see the second anyway.
    return [...adds, ...edits, { kind: 'knockout', layers: attending(), heads: 'all', dest: [0], src: [1] }];
  }

  /** One that changes a lot; with its opposite beside it, nothing. */
  function edit(layer: number, sign: 1 | -1): Intervention {
    const { d_mlp, d_model } = engine.info.dims;
    return {
      kind: 'edit',
      layer,
      key: Array.from({ length: d_mlp }, (_, neuron) => Math.sin(neuron + 1)),
      value: Array.from({ length: d_model }, (_, dimension) => sign * Math.cos(dimension + 1)),
    };
  }

  const layersWith = (hook: RegExp): number[] =>
    engine.info.hooks.filter((name) => hook.test(name)).map((name) => Number(name.split('.')[1]));
  /** Layers with attention; in a hybrid, others are convolutions. */
  const attending = (): number[] => layersWith(/attn\.hook_pattern$/);
  /** Layers with neurons of their own; in a mixture of experts there are none. */
  const edited = (): number[] => layersWith(/mlp\.hook_post$/);

  it('leaves the untouched file’s logits as they are', async () => {
    const plain = (await run(['logits'])).get('logits')!;
    // Half-precision files are computed in float32 here; the runtime rounds to half in between.
    expect(largestDifference(plain.data, untouched)).toBeLessThanOrEqual(dtype.endsWith('16') ? 2e-2 : 1e-5);
    const neutral = (await run(['logits'], neutralEverywhere())).get('logits')!;
    expect(largestDifference(neutral.data, plain.data)).toBeLessThanOrEqual(1e-5);
    expect(edited()).toHaveLength(/mixtral|gpt_oss/.test(engine.info.family) ? 0 : engine.info.dims.n_layers);
    for (const layer of edited()) {
      const changed = (await run(['logits'], [edit(layer, 1)])).get('logits')!;
      expect(largestDifference(changed.data, plain.data)).toBeGreaterThan(1e-3);
    }
  });

  it('can be run in batches unless its graph or its numbers do not allow it', () => {
    const { batching } = engine.info;
    expect(batching.kind === 'single' ? batching.reason : undefined).toBe(SINGLE[`${folder} ${dtype}`]);
  });

  it('attends with rows that sum to one, or less beside a sink, and never to the future', async () => {
    expect(attending()).not.toEqual([]);
    for (const layer of attending()) {
      const pattern = (await run([`blocks.${layer}.attn.hook_pattern`])).get(`blocks.${layer}.attn.hook_pattern`)!;
      for (let head = 0; head < engine.info.dims.n_heads; head++) {
        for (let dest = 0; dest < tokens.length; dest++) {
          const row = slice(pattern, head, dest);
          const sum = row.reduce((total, value) => total + value, 0);
          if (engine.info.family === 'gpt_oss') {
            expect(sum).toBeLessThan(1);
            expect(sum).toBeGreaterThan(0);
          } else expect(sum).toBeCloseTo(1, 5);
          expect(row.subarray(dest + 1).every((value) => value === 0)).toBe(true);
        }
      }
    }
  });

  it('makes z of the pattern and the values, and the pattern of the scores', async () => {
    const { n_heads, n_kv_heads, d_head } = engine.info.dims;
    for (const layer of attending()) {
      const names = (['z', 'v', 'pattern', 'attn_scores'] as const).map(
        (part): HookName => `blocks.${layer}.attn.hook_${part}`,
      );
      const captures = await run(names);
      const [z, v, pattern, scores] = names.map((name) => captures.get(name)!) as [Tensor, Tensor, Tensor, Tensor];
      let worst = 0;
      for (let head = 0; head < n_heads; head++) {
        const owner = Math.floor((head * n_kv_heads) / n_heads);
        for (let dest = 0; dest < tokens.length; dest++) {
          const row = slice(pattern, head, dest);
          const sum = new Float64Array(d_head);
          row.forEach((weight, src) => slice(v, src, owner).forEach((value, i) => (sum[i]! += weight * value)));
          worst = Math.max(worst, largestDifference(sum, slice(z, dest, head)));
          // A sink takes its part of every row; the rest of it is shared as without one.
          const left = engine.info.family === 'gpt_oss' ? row.reduce((total, weight) => total + weight, 0) : 1;
          const shares = softmax(slice(scores, head, dest)).map((share) => share * left);
          worst = Math.max(worst, largestDifference(shares, row));
        }
      }
      expect(worst).toBeLessThanOrEqual(1e-5);
    }
  });

  it('ends the lens with the model’s own logits and begins it with the embedding', async () => {
    const captures = await run(['logit_lens', 'logits']);
    const lens = captures.get('logit_lens')!;
    const last = slice(lens, engine.info.dims.n_layers);
    expect(largestDifference(last, captures.get('logits')!.data)).toBe(0);
    const embedding = (await run(['blocks.0.hook_resid_pre'])).get('blocks.0.hook_resid_pre')!;
    const moved: Intervention[] = tokens.map((_, pos) => ({
      kind: 'set',
      hook: `blocks.${engine.info.dims.n_layers - 1}.hook_resid_post`,
      pos: [pos],
      vector: Array.from(slice(embedding, pos)),
    }));
    const ofEmbedding = (await run(['logits'], moved)).get('logits')!;
    expect(largestDifference(slice(lens, 0), ofEmbedding.data)).toBeLessThanOrEqual(1e-5);
  });

  it('says of each lens cell what its logits say', async () => {
    const lensLogits = (await run(['logit_lens'])).get('logit_lens')!;
    const targets = [3, engine.info.dims.d_vocab - 1, 17];
    const { lens } = await engine.trace({
      tokens,
      interventions: [],
      captures: [],
      lens: { positions: [0, -1], midLayers: false, k: 7, targets },
    });
    lens!.positions.forEach((position, column) => {
      const final = softmax(slice(lensLogits, -1, position));
      lens!.rowDepth.forEach((_, row) => {
        const cell = row * lens!.positions.length + column;
        const logits = slice(lensLogits, row, position);
        const p = softmax(logits);
        expect(lens!.entropyBits[cell]).toBeCloseTo(entropyBits(p), 4);
        expect(lens!.klBits[cell]).toBeCloseTo(klBits(final, p), 4);
        expect(lens!.topProbs[cell * 7]).toBeCloseTo(Math.max(...p), 6);
        targets.forEach((id, index) => {
          expect(lens!.targetRanks[cell * 3 + index]).toBe(rankOf(logits, id));
          expect(lens!.targetProbs[cell * 3 + index]).toBeCloseTo(Math.exp(logits[id]! - logSumExp(logits)), 6);
        });
      });
    });
  });

  it('is unchanged by patching a run with its own values', async () => {
    const last = engine.info.dims.n_layers - 1;
    const hooks: HookName[] = ['blocks.2.hook_attn_out', 'blocks.1.hook_mlp_out', `blocks.${last}.hook_resid_pre`];
    const captures = await run(['logits', ...hooks]);
    const patches = hooks.flatMap((hook) =>
      tokens.map((_, pos): Intervention => ({
        kind: 'set',
        hook,
        pos: [pos],
        vector: Array.from(slice(captures.get(hook)!, pos)),
      })),
    );
    const patched = (await run(['logits'], patches)).get('logits')!;
    expect(largestDifference(patched.data, captures.get('logits')!.data)).toBeLessThanOrEqual(1e-5);
  });

  it('adds up: stream, attention and MLP; z through W_O gives the attention’s output', async () => {
    const { n_heads, d_head, d_model } = engine.info.dims;
    const captures = await run([
      'blocks.1.hook_resid_pre',
      'blocks.1.hook_attn_out',
      'blocks.1.hook_mlp_out',
      'blocks.1.hook_resid_post',
      'blocks.1.attn.hook_z',
    ]);
    const value = (hook: string): Float32Array => captures.get(`blocks.1.${hook}` as HookName)!.data;
    const sum = value('hook_resid_pre').map(
      (x, index) => x + value('hook_attn_out')[index]! + value('hook_mlp_out')[index]!,
    );
    // The stream of some is the norm of each sum, or is multiplied before something is added to it.
    const summed = largestDifference(sum, value('hook_resid_post'));
    if (/opt-350m|gpt1|doge/.test(folder)) expect(summed).toBeGreaterThan(0.1);
    else expect(summed).toBeLessThanOrEqual(1e-5);
    // Gemma, OLMo 2 and GLM 4 norm the attention's output before adding it: there z through W_O is not yet what is added.
    const normed = !isMissing(engine.weights.ofLayer(1, 'ln1_post.w'));
    expect(normed).toBe(/^(gemma|olmo2|glm4)/.test(engine.info.family));
    if (normed) return;
    // Quantised products round their input as well.
    const tolerance = dtype.startsWith('fp') ? 1e-5 : 0.05;
    const W_O = engine.weights.ofLayer(1, 'W_O') as Tensor;
    expect(W_O.dims).toEqual([n_heads, d_head, d_model]);
    // Granite's residual_multiplier stands between the two.
    const factor = engine.info.family === 'granite' ? 0.3 : 1;
    const b_O = engine.weights.ofLayer(1, 'b_O');
    const bias = isMissing(b_O) ? new Float32Array(d_model) : b_O.data;
    const difference = tokens.map((_, pos) => {
      const z = slice(captures.get('blocks.1.attn.hook_z')!, pos);
      return Float64Array.from({ length: d_model }, (_value, column) =>
        z.reduce(
          (total, x, row) => total + x * W_O.data[row * d_model + column]!,
          bias[column]! - value('hook_attn_out')[pos * d_model + column]! / factor,
        ),
      );
    });
    const none = new Float64Array(d_model);
    for (const rest of difference) expect(largestDifference(rest, none)).toBeLessThanOrEqual(tolerance);
  });
});
