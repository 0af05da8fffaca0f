import type { LedgerFact } from '../ledger/ledger';

const plain = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/**
 * Facts for a list whose answers are covered. It answers no question by what it lists: what is searched for is looked
 * for in questions alone, and of two facts that are each other's answer only the first is left.
 * @param text what is searched for; '' for everything.
 */
export function coveredFacts(facts: readonly LedgerFact[], text: string): LedgerFact[] {
  const wanted = plain(text);
  const listed = new Set<string>();
  const pair = (asked: string, said: string): string => `${plain(asked)}\n${plain(said)}`;
  return facts.filter(({ prompt, subject, answers }) => {
    if (!plain(`${prompt} ${subject}`).includes(wanted)) return false;
    if (answers.some((answer) => listed.has(pair(answer, subject)))) return false;
    for (const answer of answers) listed.add(pair(subject, answer));
    return true;
  });
}
