import type { HeadId } from '../../../core/place';
import type { AttentionResult } from '../meta';

export const VARIANTS = ['plain', 'value', 'rollout'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What the large map shows: one head, or several together. */
export interface LargeMap {
  readonly variant: Variant;
  /** The head that is chosen. */
  readonly chosen: HeadId;
  /** All that are in the map, in the model's order; one unless a mean is shown. */
  readonly heads: readonly HeadId[];
  /** `[T, T]` */
  readonly map: Float32Array;
  readonly title: string;
}

/** The variant that can be shown: a value-weighted one or a rollout may not be there (yet). */
export function shownVariant(result: AttentionResult, wanted: Variant): Variant {
  if (wanted === 'value') return result.valueWeighted ? 'value' : 'plain';
  return wanted === 'rollout' && !result.rollout ? 'plain' : wanted;
}

/** `[T, T]` of one head (row of `result.layers`), as a view without copying. */
export function headMap(result: AttentionResult, row: number, head: number, variant: Variant): Float32Array {
  const size = result.n_positions ** 2;
  if (variant === 'rollout' && result.rollout) return result.rollout.subarray(row * size, (row + 1) * size);
  const source = variant === 'value' && result.valueWeighted ? result.valueWeighted : result.patterns;
  const at = (row * result.n_heads + head) * size;
  return source.subarray(at, at + size);
}

/**
 * What becomes of the first token's column, on which heads rest that have nothing to do: it stays, is left out of the
 * picture, or is left out of the sum, so that a row shows how the rest is shared.
 */
export const FIRST_TOKEN = ['shown', 'hidden', 'discounted'] as const;
export type FirstToken = (typeof FIRST_TOKEN)[number];

/** Less than this beside the first token is rounding, and shared out it would be noise. */
const HARDLY = 1e-6;

/**
 * A `[T, T]` map as it is shown. What is not a share has no sum to be left out of: there `discounted` is `hidden`.
 * @param T positions.
 */
export function firstTokenAs(map: Float32Array, T: number, how: FirstToken, variant: Variant): Float32Array {
  if (how === 'shown') return map;
  const out = map.slice();
  for (let dest = 0; dest < T; dest++) {
    const row = out.subarray(dest * T, (dest + 1) * T);
    row[0] = 0;
    if (how === 'hidden' || variant === 'value') continue;
    const rest = row.reduce((sum, value) => sum + value, 0);
    if (rest > HARDLY) row.forEach((value, src) => (row[src] = value / rest));
    else row.fill(0);
  }
  return out;
}

/** The plain mean of maps of one size. */
export function meanMap(maps: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(maps[0]!.length);
  for (const map of maps) map.forEach((value, at) => (out[at]! += value / maps.length));
  return out;
}

/** Largest value of a map; 1 for shares, so that their shades can be compared between heads. */
export function darkest(map: Float32Array, variant: Variant): number {
  return variant === 'value' ? map.reduce((max, value) => Math.max(max, value), 1e-9) : 1;
}

/** The source a token looks at most, the token itself included. */
export function mostSeen(
  map: Float32Array,
  dest: number,
  positions: number,
): { readonly src: number; readonly value: number } {
  let src = 0;
  for (let at = 1; at <= dest; at++) if (map[dest * positions + at]! > map[dest * positions + src]!) src = at;
  return { src, value: map[dest * positions + src]! };
}

/** Where the subject gets most: the layer (row) on average over its heads, and the single head. */
export interface SubjectPeak {
  readonly layer: { readonly row: number; readonly share: number };
  readonly head: { readonly row: number; readonly head: number; readonly share: number };
}

/** Undefined without a subject. */
export function subjectPeak(result: AttentionResult): SubjectPeak | undefined {
  if (result.subjectPositions.length === 0 || result.layers.length === 0) return undefined;
  const largest = (values: Float32Array): number => values.indexOf(values.reduce((a, b) => Math.max(a, b)));
  const row = largest(result.subjectShare);
  const head = largest(result.subjectShareByHead);
  return {
    layer: { row, share: result.subjectShare[row]! },
    head: {
      row: Math.floor(head / result.n_heads),
      head: head % result.n_heads,
      share: result.subjectShareByHead[head]!,
    },
  };
}

/** The head of a layer (row) that gives the subject most. */
export function strongestHead(result: AttentionResult, row: number): { readonly head: number; readonly share: number } {
  let head = 0;
  const at = row * result.n_heads;
  for (let one = 1; one < result.n_heads; one++) {
    if (result.subjectShareByHead[at + one]! > result.subjectShareByHead[at + head]!) head = one;
  }
  return { head, share: result.subjectShareByHead[at + head]! };
}

/** From this share on a head is said to look at the subject. */
export const SUBJECT_SHARE = 0.35;
