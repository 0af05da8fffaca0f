/** More tokens than this are not drawn at once. */
export const MOST_TOKENS = 600;

/**
 * Which tokens of a prompt the strip shows: all where they are few, the first of a long prompt, and of one that is too
 * long those around the limit, so that the place to shorten from is always among them. A marked subject is among them,
 * too, unless another place was asked for.
 * @param limit Most tokens that can be run.
 * @param subject Position of the subject's first token, if one is marked.
 * @param asked The first token to show, where a person has moved on.
 * @returns Positions `from` (shown) to `to` (not shown).
 */
export function tokenWindow(
  count: number,
  limit: number,
  subject?: number,
  asked?: number,
): { readonly from: number; readonly to: number } {
  if (count <= MOST_TOKENS) return { from: 0, to: count };
  const most = count - MOST_TOKENS;
  const within = (from: number) => Math.max(0, Math.min(from, most));
  if (asked !== undefined) return { from: within(asked), to: within(asked) + MOST_TOKENS };
  const usual = within(count > limit ? limit - MOST_TOKENS / 2 : 0);
  const hidden = count <= limit && subject !== undefined && subject >= usual + MOST_TOKENS;
  const from = hidden ? within(subject - MOST_TOKENS / 2) : usual;
  return { from, to: from + MOST_TOKENS };
}
