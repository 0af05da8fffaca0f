import type { Labels, Token } from '../../../core/fact';
import { asContinuation } from '../../../core/join-answer';
import type { EmergenceResult } from '../meta';

/** A token that led at some depth and is neither the answer nor the foil. */
export interface Candidate {
  readonly token: Token;
  /** What has to stand in the foil's field for it. */
  readonly typed: string;
  /** Where it led with its highest probability, in completed layers, and that probability. */
  readonly depth: number;
  readonly p: number;
}

/** More would be noise of the lower layers. */
const MOST = 4;

/** A part of a character, a sign of the model's own or a blank cannot be typed. */
const typeable = ({ text, special, bytes }: Token): boolean =>
  !special && text.trim() !== '' && !text.includes('"') && new TextEncoder().encode(text).length === bytes.length;

/** The most probable of the tokens that led on the way, in the order in which they did. */
export function candidatesOf(result: EmergenceResult, labels: Labels, prompt: string): Candidate[] {
  const taken = new Set([...result.answerIds, result.foilId]);
  const found = new Map<number, Candidate>();
  result.topIds.forEach((id, row) => {
    const token = labels[id];
    const p = result.topProbs[row]!;
    // Before the first layer the token that was read leads, which says nothing.
    if (result.rowDepth[row] === 0) return;
    if (taken.has(id) || !token || !typeable(token) || p <= (found.get(id)?.p ?? 0)) return;
    const bare = token.text.trim();
    const typed = asContinuation(prompt, bare) === token.text ? bare : `"${token.text}"`;
    found.set(id, { token, typed, depth: result.rowDepth[row]!, p });
  });
  return [...found.values()]
    .sort((a, b) => b.p - a.p)
    .slice(0, MOST)
    .sort((a, b) => a.depth - b.depth);
}
