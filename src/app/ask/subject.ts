import type { Token } from '../../core/fact';

/** Character range of tokens `from`..`to` (both included) without the spaces round it; undefined when nothing is left. */
export function rangeOf(
  prompt: string,
  tokens: readonly Token[],
  from: number,
  to: number,
): readonly [number, number] | undefined {
  let start = tokens[Math.min(from, to)]?.start ?? 0;
  let end = tokens[Math.max(from, to)]?.end ?? 0;
  while (start < end && /\s/.test(prompt[start]!)) start++;
  while (end > start && /\s/.test(prompt[end - 1]!)) end--;
  return start < end ? [start, end] : undefined;
}

/**
 * The subject after a token was chosen: choosing beside it makes it longer, choosing its end makes it shorter, the
 * only one undoes it, anywhere else starts anew.
 */
export function chooseToken(
  prompt: string,
  tokens: readonly Token[],
  current: readonly number[],
  position: number,
): readonly [number, number] | undefined {
  const first = current[0];
  const last = current.at(-1);
  if (first === undefined || last === undefined) return rangeOf(prompt, tokens, position, position);
  if (first === last && position === first) return undefined;
  if (position === first - 1) return rangeOf(prompt, tokens, position, last);
  if (position === last + 1) return rangeOf(prompt, tokens, first, position);
  if (position === first) return rangeOf(prompt, tokens, first + 1, last);
  if (position === last) return rangeOf(prompt, tokens, first, last - 1);
  return rangeOf(prompt, tokens, position, position);
}
