import { answerPosition } from '../../core/fact';
import { blockHook } from '../../core/hooks';
import { patternLayers, requirePatterns } from '../../core/patterns';
import type { ProbeInput, ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import type { RunSpec, Trace } from '../../core/run';
import type { Tensor } from '../../core/tensor';
import { isMissing, type WeightReader } from '../../core/weights';
import type { AttentionOptions, AttentionResult } from './meta';

/**
 * ‖v_src W_O‖ for every head and source: how long a vector each source would write if it had all the attention.
 * @param v `[pos, kv_head, d_head]`; query head h reads kv head ⌊h / (heads per kv head)⌋.
 * @param W_O `[head, d_head, d_model]`
 * @returns `[head, src]`
 */
export function valueNorms(v: Tensor, W_O: Tensor): Float32Array {
  const [positions, kvHeads, d_head] = v.dims as [number, number, number];
  const [heads, , d_model] = W_O.dims as [number, number, number];
  const shared = heads / kvHeads;
  const norms = new Float32Array(heads * positions);
  const written = new Float64Array(d_model);
  for (let head = 0; head < heads; head++) {
    for (let src = 0; src < positions; src++) {
      written.fill(0);
      const value = (src * kvHeads + Math.floor(head / shared)) * d_head;
      for (let i = 0; i < d_head; i++) {
        const weight = v.data[value + i]!;
        const row = (head * d_head + i) * d_model;
        for (let j = 0; j < d_model; j++) written[j]! += weight * W_O.data[row + j]!;
      }
      norms[head * positions + src] = Math.sqrt(written.reduce((sum, x) => sum + x * x, 0));
    }
  }
  return norms;
}

/**
 * Attention rollout (Abnar & Zuidema 2020): head mean, plus identity, rows renormalised, multiplied upward.
 * @param patterns `[L, H, T, T]`
 * @returns `[L, T, T]`
 */
export function rollout(patterns: Float32Array, layers: number, heads: number, T: number): Float32Array {
  const result = new Float32Array(layers * T * T);
  let below: Float64Array | undefined;
  for (let layer = 0; layer < layers; layer++) {
    const step = new Float64Array(T * T);
    for (let dest = 0; dest < T; dest++) {
      let total = 0;
      for (let src = 0; src < T; src++) {
        let mass = src === dest ? 1 : 0;
        for (let head = 0; head < heads; head++) {
          mass += patterns[((layer * heads + head) * T + dest) * T + src]! / heads;
        }
        step[dest * T + src] = mass;
        total += mass;
      }
      for (let src = 0; src < T; src++) step[dest * T + src]! /= total;
    }
    below = below ? product(step, below, T) : step;
    result.set(below, layer * T * T);
  }
  return result;
}

/** Product of two lower-triangular `[T, T]` matrices. */
function product(a: Float64Array, b: Float64Array, T: number): Float64Array {
  const result = new Float64Array(T * T);
  for (let row = 0; row < T; row++) {
    for (let inner = 0; inner <= row; inner++) {
      const factor = a[row * T + inner]!;
      for (let column = 0; column <= inner; column++) result[row * T + column]! += factor * b[inner * T + column]!;
    }
  }
  return result;
}

function weighted(layers: readonly number[], patterns: Float32Array, trace: Trace, weights: WeightReader, T: number) {
  const result = patterns.slice();
  const size = patterns.length / layers.length;
  for (const [index, layer] of layers.entries()) {
    const v = trace.captures.get(blockHook(layer, 'attn.hook_v'));
    const W_O = weights.ofLayer(layer, 'W_O');
    if (!v) return { valueWeightedMissing: blockHook(layer, 'attn.hook_v') };
    if (isMissing(W_O)) return { valueWeightedMissing: `blocks.${layer}.attn.W_O` };
    const norms = valueNorms(v, W_O);
    for (let cell = 0; cell < size; cell++) {
      const src = cell % T;
      const head = Math.floor(cell / (T * T));
      result[index * size + cell]! *= norms[head * T + src]!;
    }
  }
  return { valueWeighted: result };
}

type Input = Omit<ProbeInput<AttentionOptions>, 'have'>;

/** All patterns; values too, where they are to be weighted. */
export function plan({ prepared, options, info }: Input): RunSpec {
  const layers = requirePatterns(info);
  const patterns = layers.map((layer) => blockHook(layer, 'attn.hook_pattern'));
  const available = new Set<string>(info.hooks);
  const values = layers.map((layer) => blockHook(layer, 'attn.hook_v')).filter((hook) => available.has(hook));
  return {
    tokens: prepared!.tokens.map((token) => token.id),
    interventions: [],
    captures: options.valueWeighted ? [...patterns, ...values] : patterns,
  };
}

export function read({ prepared, options, info }: Input, trace: Trace, weights: WeightReader): AttentionResult {
  const layers = patternLayers(info);
  const T = prepared!.tokens.length;
  const heads = info.dims.n_heads;
  const patterns = new Float32Array(layers.length * heads * T * T);
  layers.forEach((layer, index) => {
    patterns.set(trace.captures.get(blockHook(layer, 'attn.hook_pattern'))!.data, index * heads * T * T);
  });
  const dest = answerPosition(prepared!);
  const subject = prepared!.subjectPositions;
  const subjectShareByHead = Float32Array.from({ length: layers.length * heads }, (_, map) =>
    subject.reduce((sum, src) => sum + patterns[(map * T + dest) * T + src]!, 0),
  );
  const subjectShare = Float32Array.from(layers, (_, index) => {
    const row = subjectShareByHead.subarray(index * heads, (index + 1) * heads);
    return row.reduce((sum, share) => sum + share, 0) / heads;
  });
  return {
    layers,
    n_heads: heads,
    n_positions: T,
    patterns,
    ...(options.valueWeighted ? weighted(layers, patterns, trace, weights, T) : {}),
    ...(options.rollout ? { rollout: rollout(patterns, layers.length, heads, T) } : {}),
    subjectPositions: subject,
    subjectShare,
    subjectShareByHead,
    dest,
  };
}

export const run: ProbeRun<AttentionOptions, never, AttentionResult> = async function* (lab, input) {
  return read(input, await lab.run(plan(input)), lab.weights);
};

/** A row for each edge of each head, from the token that looks (dest) to one at or before it (src). */
export const report: ProbeReport<AttentionResult> = (result) => {
  const { layers, n_heads, n_positions: T, patterns, valueWeighted, rollout: rolled } = result;
  return {
    dest: result.dest,
    subjectPositions: result.subjectPositions,
    subjectShare: [...result.subjectShare],
    valueWeightedMissing: result.valueWeightedMissing,
    rows: layers.flatMap((layer, row) =>
      Array.from({ length: n_heads }, (_, head) => head).flatMap((head) =>
        Array.from({ length: T }, (_, dest) => dest).flatMap((dest) =>
          Array.from({ length: dest + 1 }, (_, src) => {
            const at = ((row * n_heads + head) * T + dest) * T + src;
            return {
              layer,
              head,
              dest,
              src,
              weight: patterns[at]!,
              valueWeighted: valueWeighted?.[at],
              rollout: rolled?.[(row * T + dest) * T + src],
            };
          }),
        ),
      ),
    ),
  };
};
