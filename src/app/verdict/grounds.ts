import { bareAnswer } from '../../core/fact';
import { leadingAnswers } from '../ledger/card';
import type { Outside } from '../ledger/education';
import { isTaught, normal, type Ledger } from '../ledger/ledger';
import type { Match } from '../ledger/match';

/**
 * What a verdict can be founded on (docs/definitions.md, “Verdict”): the word *knows* needs a source that says what is
 * right, and a probability is none.
 */
export type Grounds =
  /** The ledger is not here yet. */
  | { readonly kind: 'pending' }
  /** Nothing here says what is right: there is no ledger, or the prompt does not ask for a fact of it. */
  | { readonly kind: 'none' }
  /** The answer is the one that was taught. */
  | { readonly kind: 'taught' }
  /** Another answer was taught, or this one was taught less often, or before it was changed. */
  | { readonly kind: 'otherwise'; readonly taught: string }
  /** The answer is right and was never taught. */
  | { readonly kind: 'never' }
  /** The prompt lies outside of all that was taught. */
  | { readonly kind: 'outside' };

const among = (answers: readonly string[], answer: string): boolean =>
  answers.some((one) => normal(one) === normal(bareAnswer(answer)));

/**
 * @param answer the accepted answer that the verdict speaks of, as typed.
 * @param ledger `none` for a model without one, undefined before that is known.
 */
export function groundsOf(
  answer: string,
  ledger: Ledger | 'none' | undefined,
  match: Match | undefined,
  outside: Outside | undefined,
): Grounds {
  if (ledger === undefined) return { kind: 'pending' };
  if (outside) return { kind: 'outside' };
  if (ledger === 'none' || !match?.asks) return { kind: 'none' };
  const { fact } = match;
  if (!isTaught(fact)) return { kind: among(fact.answers, answer) ? 'never' : 'none' };
  const leading = leadingAnswers(fact);
  return among(leading, answer) ? { kind: 'taught' } : { kind: 'otherwise', taught: leading[0] ?? '' };
}
