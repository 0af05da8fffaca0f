/** More tokens than this are not drawn at once. */
export const MOST_TOKENS = 600;

/**
 * Which tokens of a prompt the strip shows: all where they are few, the first of a long prompt, and of one that is too
 * long those around the limit, so that the place to shorten from is always among them.
 * @param limit Most tokens that can be run.
 * @returns Positions `from` (shown) to `to` (not shown).
 */
export function tokenWindow(count: number, limit: number): { readonly from: number; readonly to: number } {
  if (count <= MOST_TOKENS) return { from: 0, to: count };
  const middle = count > limit ? limit : 0;
  const from = Math.max(0, Math.min(middle - MOST_TOKENS / 2, count - MOST_TOKENS));
  return { from, to: from + MOST_TOKENS };
}
