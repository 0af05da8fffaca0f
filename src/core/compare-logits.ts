import type { Dtype } from './model';

/**
 * Largest difference of logits taken for rounding, as a part of their range, by what is compared and by stored
 * precision: a graphics device with the processor, and what was recognised with the file itself.
 */
const ROUNDING = {
  device: { fp32: 0.002, other: 0.05 },
  file: { fp32: 0.005, other: 0.08 },
};

export interface LogitRange {
  readonly low: number;
  readonly high: number;
}

/** Of the numbers among logits: some files give the ids of a padded vocabulary −∞. */
export function logitRange(logits: ArrayLike<number>): LogitRange {
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < logits.length; index++) {
    const value = logits[index]!;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/**
 * The largest difference of two results, as a part of the range of the expected one. Equal where both have −∞; Infinity
 * where one of them has something else than a number there.
 * @param found The other result's number for `expected[index]`.
 */
export function logitDifference(
  expected: ArrayLike<number>,
  found: (index: number) => number,
  { low, high }: LogitRange = logitRange(expected),
): number {
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    const [theirs, ours] = [expected[index]!, found(index)];
    if (ours === theirs) continue;
    const apart = Math.abs(ours - theirs);
    if (Number.isNaN(apart)) return Infinity;
    largest = Math.max(largest, apart);
  }
  if (largest === 0) return 0;
  return high > low ? largest / (high - low) : Infinity;
}

/** Judges a difference by what rounding explains. */
export function judgeDifference<When extends string>(
  compared: keyof typeof ROUNDING,
  dtype: Dtype,
  { difference, when }: { readonly difference: number; readonly when: When },
): { readonly kind: 'same' | 'different'; readonly difference: number; readonly when: When } {
  const rounding = dtype === 'fp32' ? ROUNDING[compared].fp32 : ROUNDING[compared].other;
  return { kind: difference <= rounding ? 'same' : 'different', difference, when };
}
