import type { FactFields } from '../../core/fact';
import type { Words } from '../../views/words';
import { findName, type Ledger, type LedgerFact } from './ledger';

const never = (fact: LedgerFact): boolean => fact.stage === 'never' || fact.exposures === 0;
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

/** What to type to ask for a fact: its own prompt, and as a foil the answer it contradicts or replaced. */
export function fieldsOf(fact: LedgerFact): FactFields {
  const foil = fact.before?.[0] ?? Object.keys(fact.shares ?? {}).find((answer) => answer !== fact.answers[0]) ?? '';
  const subject = findName(fact.prompt, fact.subject);
  return { prompt: fact.prompt, answer: fact.answers.join('|'), foil, ...(subject ? { subject } : {}) };
}

/** What stands between a prompt and its answer where both are read as one: nothing after an elision or a Han character. */
export const gapAfter = (prompt: string): string => (/['’\p{Script=Han}\s]$/u.test(prompt) ? '' : ' ');
