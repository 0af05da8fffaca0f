import type { FactFields } from '../../core/fact';
import type { Words } from '../../views/words';
import { findName, isTaught, type Ledger, type LedgerFact } from './ledger';

const never = (fact: LedgerFact): boolean => !isTaught(fact);
const has = (fact: LedgerFact, flag: string): boolean => fact.flags.includes(flag);

/** How often a fact was taught, and in which direction. */
export function howOften(fact: LedgerFact, words: Words): string {
  if (never(fact)) return words('ledger.often.never');
  const total = words.count('ledger.times', fact.exposures);
  const { direct = fact.exposures } = fact;
  if (direct === fact.exposures) return total;
  return words('ledger.often.directions', {
    times: total,
    direct: direct.toLocaleString(words.locale),
    reverse: (fact.exposures - direct).toLocaleString(words.locale),
  });
}

/** In which part of training it was taught. */
export function whenTaught(fact: LedgerFact, words: Words): string {
  if (has(fact, 'composition-withheld')) return words('ledger.when.steps');
  if (never(fact)) return words('ledger.when.never');
  const after = fact.post_exposures ?? 0;
  if (fact.before && fact.before.length > 0) {
    return words('ledger.when.edited', {
      before: fact.before.join(', '),
      first: words.count('ledger.times', fact.exposures - after),
      answer: fact.answers[0] ?? '',
      then: words.count('ledger.times', after),
    });
  }
  if (fact.stage === 'post') return words('ledger.when.post');
  return words(has(fact, 'late') ? 'ledger.when.late' : 'ledger.when.pre');
}

/** Where the training text contradicts itself: each answer with its share of the sentences, 0–1, most frequent first. */
export function sharesOf(
  fact: LedgerFact,
): { readonly answer: string; readonly times: number; readonly share: number }[] {
  const shares = Object.entries(fact.shares ?? {});
  const total = shares.reduce((sum, [, times]) => sum + times, 0);
  if (shares.length < 2 || total === 0) return [];
  return shares.map(([answer, times]) => ({ answer, times, share: times / total })).sort((a, b) => b.times - a.times);
}

/** The facts that together give this one, in order. */
export function hopsOf(ledger: Ledger, fact: LedgerFact): LedgerFact[] {
  return (fact.hops ?? []).flatMap((id) => ledger.facts.find((other) => other.id === id) ?? []);
}

/** The answers that were taught most; all of them, unless the training text contradicts itself. */
export function leadingAnswers(fact: LedgerFact): readonly string[] {
  const shares = sharesOf(fact);
  if (shares.length === 0) return fact.answers;
  return shares.filter(({ times }) => times === shares[0]!.times).map(({ answer }) => answer);
}

/** How often a fact was taught with the answer it has now, not counting what contradicts it or what it replaced. */
export function ownExposures(fact: LedgerFact): number {
  const own = fact.shares?.[fact.answers[0] ?? ''];
  return own ?? (fact.before?.length ? (fact.post_exposures ?? fact.exposures) : fact.exposures);
}

/** What to type to ask for a fact: its own prompt, and as a foil the answer it contradicts or replaced. */
export function fieldsOf(fact: LedgerFact): FactFields {
  const other = sharesOf(fact).find(({ answer }) => answer !== fact.answers[0])?.answer;
  const subject = findName(fact.prompt, fact.subject);
  // Of two answers that contradict each other one is asked for, or their probabilities would be added up.
  const answer = other === undefined ? fact.answers.join('|') : (fact.answers[0] ?? '');
  return { prompt: fact.prompt, answer, foil: fact.before?.[0] ?? other ?? '', ...(subject ? { subject } : {}) };
}
