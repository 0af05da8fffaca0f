import type { FactFields } from '../../core/fact';
import { fieldsOf } from './card';
import { strangenessOf, wordsIn } from './familiar';
import { isTaught, SLOT, type Ledger, type LedgerFact, type Relation } from './ledger';
import { namedFacts } from './match';
import { STARTERS } from './starters';

/** Words of a relation's plain phrasings; free ones hold words of everything. */
const plainWords = new WeakMap<Relation, ReadonlySet<string>>();

function plainWordsOf(relation: Relation): ReadonlySet<string> {
  const known = plainWords.get(relation);
  if (known) return known;
  const texts = relation.phrasings.filter(({ kind }) => kind !== 'story').map(({ template }) => template);
  const words = new Set([relation.name, ...texts].flatMap((text) => wordsIn(text.replace(SLOT, ' '))));
  plainWords.set(relation, words);
  return words;
}

/** Share of unknown words. */
const MOSTLY = 0.5;
/** A word of more relations than this says nothing of what is asked. */
const TOO_COMMON = 8;

/** The relation whose words a prompt has most of, rare words counting more; undefined where none is of its kind. */
function relationNear(ledger: Ledger, prompt: string): string | undefined {
  const real = new Set(
    ledger.facts.filter((fact) => !fact.flags.includes('fictional')).map(({ relation }) => relation),
  );
  // Of invented people one has to have heard to ask about them.
  const relations = Object.entries(ledger.relations).filter(([id]) => real.has(id));
  const scores = new Map<string, number>();
  for (const word of new Set(wordsIn(prompt))) {
    const with_ = /\p{L}/u.test(word) ? relations.filter(([, relation]) => plainWordsOf(relation).has(word)) : [];
    if (with_.length > TOO_COMMON) continue;
    for (const [id] of with_) scores.set(id, (scores.get(id) ?? 0) + 1 / with_.length);
  }
  return [...scores].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Real before invented, often taught before rarely taught. */
const byFame = (a: LedgerFact, b: LedgerFact): number =>
  Number(a.flags.includes('fictional')) - Number(b.flags.includes('fictional')) || b.exposures - a.exposures;

/** Facts that were taught and are nearest to a prompt: about what it names, of the kind it asks for, else any. */
export function nearbyFacts(ledger: Ledger, prompt: string, count: number): readonly FactFields[] {
  // Where hardly a word is known, what looks like a name is another language's word.
  if (strangenessOf(ledger, prompt).words > MOSTLY) return STARTERS.slice(0, count);
  const kind = relationNear(ledger, prompt);
  const usual = (fact: LedgerFact): boolean => isTaught(fact) && !fact.shares && !fact.before;
  const named = namedFacts(ledger, prompt)
    .map(({ fact }) => fact)
    .filter(usual)
    .sort((a, b) => Number(b.relation === kind) - Number(a.relation === kind) || byFame(a, b));
  const alike = ledger.facts.filter((fact) => fact.relation === kind && usual(fact)).sort(byFame);
  // Not all of one subject: what is like the question says as much as what is about the same thing.
  const near = [...named.slice(0, Math.ceil(count / 2)), ...alike].map(fieldsOf);
  const all = new Map([...near, ...STARTERS].map((fields) => [fields.prompt, fields]));
  return [...all.values()].filter((fields) => fields.prompt !== prompt).slice(0, count);
}
