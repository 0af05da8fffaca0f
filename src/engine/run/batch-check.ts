import type { HookName } from '../../core/hooks';

/** Largest difference between runs made together and one by one that is rounding, as a part of the hook's range. */
export const SAME_IN_BATCH = 1e-5;

/** Scores this low stand for "masked", and which of the large negative numbers it is does not matter. */
const MASKED = -1e30;

type Values = ReadonlyMap<HookName, Float32Array>;

/**
 * The largest difference that running two prompts together made to any of the hooks, absolute where a hook's values
 * lie within one, else as a part of their largest.
 */
export function batchDifference(single: readonly [Values, Values], together: Values): number {
  let largest = 0;
  for (const [hook, both] of together) {
    const parts = single.map((values) => values.get(hook)!);
    if (both.length !== parts[0]!.length + parts[1]!.length) return Infinity;
    let range = 1;
    let difference = 0;
    both.forEach((value, index) => {
      const expected = index < parts[0]!.length ? parts[0]![index]! : parts[1]![index - parts[0]!.length]!;
      if (value < MASKED && expected < MASKED) return;
      range = Math.max(range, Math.abs(expected));
      const apart = Math.abs(value - expected);
      if (!(apart <= difference)) difference = Number.isNaN(apart) ? Infinity : apart;
    });
    largest = Math.max(largest, difference / range);
  }
  return largest;
}
