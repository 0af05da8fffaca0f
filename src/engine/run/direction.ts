/** A weight above this is no rounding of a masked one. */
const OPEN = 1e-3;

/** True when some query attends to a later position. @param pattern `[head, dest, src]` of `length` positions. */
export function looksAhead(pattern: Float32Array, length: number): boolean {
  return pattern.some((value, index) => value > OPEN && index % length > Math.floor(index / length) % length);
}

/**
 * How much the values before the last position differ between two runs that differ in the last token: the largest
 * change, as a part of the largest change at the last position. @param before, after `[pos, …]`.
 */
export function changedBefore(before: Float32Array, after: Float32Array, length: number): number {
  const width = before.length / length;
  let earlier = 0;
  let last = 0;
  before.forEach((value, index) => {
    // Equal also where both are −∞, as for tokens that are never written.
    const change = value === after[index] ? 0 : Math.abs(value - after[index]!);
    if (index < before.length - width) earlier = Math.max(earlier, change);
    else last = Math.max(last, change);
  });
  return last > 0 ? earlier / last : 0;
}
