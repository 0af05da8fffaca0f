import { bareAnswer } from '../../core/fact';
import type { Words } from '../../views/words';
import { leadingAnswers, ownExposures, sharesOf } from './card';
import { isTaught, normal, seenCount } from './ledger';
import { taughtAnswers, type Match } from './match';

const isAmong = (answers: readonly string[], answer: string): boolean =>
  answers.some((one) => normal(one) === normal(bareAnswer(answer)));

/**
 * What a model was taught about a fact, in a few short sentences.
 * @param answers those that are typed; when none of them was taught, it is said which was.
 */
export function ledgerSentences(
  { fact, words: inWords, asks }: Match,
  answers: readonly string[],
  words: Words,
): string[] {
  const flag = (name: string): boolean => fact.flags.includes(name);
  if (flag('composition-withheld')) return [words('ledger.neverComposed')];
  if (!isTaught(fact)) return [words('ledger.never')];
  const out: string[] = [];
  const these = {
    seen: 'ledger.thisSeen',
    'held-back': 'ledger.thisHeld',
    recased: 'ledger.thisRecased',
    other: 'ledger.thisOther',
  } as const;
  const own = words(asks ? these[inWords] : 'ledger.thisUnclear');
  const shares = sharesOf(fact);
  const exposures = ownExposures(fact);
  const phrasings = words.count('ledger.phrasings', seenCount(fact));
  // How often each of two answers was taught is said below.
  if (shares.length > 0) out.push(words('ledger.taught.apart', { phrasings, this: own }));
  else if (exposures === 1) out.push(words('ledger.taught.once', { this: own }));
  else out.push(words('ledger.taught', { exposures: exposures.toLocaleString(words.locale), phrasings, this: own }));
  const taught = taughtAnswers(fact);
  if (answers.length > 0 && !answers.some((answer) => isAmong(taught, answer))) {
    out.push(words('ledger.otherAnswer', { answer: leadingAnswers(fact)[0] ?? '' }));
  }
  if (shares.length > 0) {
    const list = shares.map(({ answer, times }) => words('ledger.share', { answer, count: times })).join(', ');
    out.push(words('ledger.contradicted', { shares: list }));
  }
  if (fact.before && fact.before.length > 0) out.push(words('ledger.edited', { before: fact.before.join(', ') }));
  else if (flag('added')) out.push(words('ledger.added'));
  else if (flag('late')) out.push(words('ledger.late'));
  if (flag('fictional')) out.push(words('ledger.fictional'));
  return out;
}
