import type { Words } from '../../views/words';
import type { Match } from './ledger';

/** What a model was taught about a fact, in a few short sentences. */
export function ledgerSentences({ fact, words: inWords }: Match, words: Words): string[] {
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
          phrasings: words.count('ledger.phrasings', fact.seen.length),
          this: own,
        }),
  );
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
