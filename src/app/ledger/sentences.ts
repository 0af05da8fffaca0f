import type { Words } from '../../views/words';
import { seenCount, type Match } from './ledger';

const isAmong = (answers: readonly string[], answer: string): boolean =>
  answers.some((one) => one.trim().toLowerCase() === answer.trim().toLowerCase());

/**
 * What a model was taught about a fact, in a few short sentences.
 * @param answers those that are typed; when none of them was taught, it is said which was.
 */
export function ledgerSentences({ fact, words: inWords }: Match, answers: readonly string[], words: Words): string[] {
  const flag = (name: string): boolean => fact.flags.includes(name);
  if (flag('composition-withheld')) return [words('ledger.neverComposed')];
  if (fact.stage === 'never' || fact.exposures === 0) return [words('ledger.never')];
  const out: string[] = [];
  const these = { seen: 'ledger.thisSeen', 'held-back': 'ledger.thisHeld', other: 'ledger.thisOther' } as const;
  const own = words(these[inWords]);
  out.push(
    fact.exposures === 1
      ? words('ledger.taught.once', { this: own })
      : words('ledger.taught', {
          exposures: fact.exposures.toLocaleString(words.locale),
          phrasings: words.count('ledger.phrasings', seenCount(fact)),
          this: own,
        }),
  );
  const taught = [...fact.answers, ...Object.keys(fact.shares ?? {}), ...(fact.before ?? [])];
  if (answers.length > 0 && !answers.some((answer) => isAmong(taught, answer))) {
    out.push(words('ledger.otherAnswer', { answer: fact.answers[0] ?? '' }));
  }
  const shares = Object.entries(fact.shares ?? {});
  if (shares.length > 1) {
    const list = shares.map(([answer, count]) => words('ledger.share', { answer, count })).join(', ');
    out.push(words('ledger.contradicted', { shares: list }));
  }
  if (fact.before && fact.before.length > 0) out.push(words('ledger.edited', { before: fact.before.join(', ') }));
  else if (flag('added')) out.push(words('ledger.added'));
  else if (flag('late')) out.push(words('ledger.late'));
  if (flag('fictional')) out.push(words('ledger.fictional'));
  return out;
}
