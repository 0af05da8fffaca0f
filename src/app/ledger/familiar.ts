import { bareName, namesOf, SLOT, type Ledger, type Phrasing, type Relation } from './ledger';

/**
 * Which words, and which pairs of neighbouring words, a model was taught in, by its ledger. The texts of training are the
 * ledger's phrasings with names in their slots, so both can be counted without them.
 */

const WORD = /\{\w+\}|\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}])+(?:['’]\p{L}+)?|\p{N}|[^\s\p{L}\p{N}\p{M}]/gu;
/** Marks are neighbours, but are known to everyone. */
const MARK = /^[^\p{L}\p{N}]+$/u;
/** What stands in a slot, and what stands before the first word. */
const NAME = '{}';
const START = '^';
/** Words of the longest name that is looked for. */
const LONGEST_NAME = 5;

/** Words, single digits, Han characters and marks, in small letters. */
export const wordsIn = (text: string): string[] => text.toLowerCase().replaceAll('’', "'").match(WORD) ?? [];

const pair = (first: string, second: string): string => `${first} ${second}`;

const kept = new WeakMap<Relation, ReadonlySet<string>>();

/** Pairs of neighbours in a relation's phrasings, names standing for any name; kept, since they are asked at every key. */
export function pairsOf(relation: Relation): ReadonlySet<string> {
  const known = kept.get(relation);
  if (known) return known;
  const pairs = new Set<string>();
  for (const { template } of relation.phrasings) {
    let before = START;
    for (const word of wordsIn(template)) {
      const here = word.startsWith('{') && word.endsWith('}') ? NAME : word;
      pairs.add(pair(before, here));
      before = here;
    }
  }
  kept.set(relation, pairs);
  return pairs;
}

interface Vocabulary {
  readonly words: ReadonlySet<string>;
  /** Names of subjects and answers and what else stands in slots, as {@link wordsIn} cuts them, joined by a space. */
  readonly names: ReadonlySet<string>;
}

const vocabularies = new WeakMap<Ledger, Vocabulary>();

function vocabularyOf(ledger: Ledger): Vocabulary {
  const known = vocabularies.get(ledger);
  if (known) return known;
  const words = new Set<string>();
  const names = new Set<string>();
  const learn = (text: string): string[] => wordsIn(text).filter((word) => words.add(word));
  // Most names are the answer of one fact and the subject of another.
  const read = new Set<string>();
  const learnName = (name: string): void => {
    if (read.has(name)) return;
    read.add(name);
    names.add(learn(name).join(' '));
  };
  const plain = ({ template }: Phrasing): string => template.replace(SLOT, ' ');
  for (const { phrasings } of Object.values(ledger.relations)) phrasings.map(plain).forEach(learn);
  for (const fact of ledger.facts) {
    learn(fact.prompt);
    const slots = Object.values(fact.slots ?? {});
    [...namesOf(fact), bareName(fact.subject), ...slots, ...fact.answers, ...(fact.before ?? [])].forEach(learnName);
  }
  const vocabulary = { words, names };
  vocabularies.set(ledger, vocabulary);
  return vocabulary;
}

/** Makes ready what is asked at every key, relation by relation. @param pause called between two of them. */
export async function makeFamiliar(ledger: Ledger, pause: () => Promise<void>): Promise<void> {
  for (const relation of Object.values(ledger.relations)) {
    pairsOf(relation);
    await pause();
  }
  vocabularyOf(ledger);
}

/** A word of a text: as it stands, and as a name where it is one. */
type Read = readonly [string] | readonly [string, typeof NAME];

/** A text's words with the longest names it holds taken as one. */
function readWords(text: string, names: ReadonlySet<string>): Read[] {
  const words = wordsIn(text);
  const read: Read[] = [];
  for (let at = 0; at < words.length;) {
    let length = Math.min(LONGEST_NAME, words.length - at);
    while (length > 0 && !names.has(words.slice(at, at + length).join(' '))) length--;
    const word = words[at]!;
    if (length > 1) read.push([NAME]);
    else read.push(length === 1 || names.has(word.replace(/'s?$/, '')) ? [word, NAME] : [word]);
    at += Math.max(1, length);
  }
  return read;
}

/** Neighbours that stand so in none of the relations, of all neighbours: 0 to 1. */
function strangePairs(read: readonly Read[], relations: readonly Relation[]): number {
  const sets = relations.map(pairsOf);
  const seen = (before: Read, here: Read): boolean =>
    before.some((first) => here.some((second) => sets.some((pairs) => pairs.has(pair(first, second)))));
  const strange = read.filter((here, at) => !seen(at === 0 ? [START] : read[at - 1]!, here));
  return read.length === 0 ? 1 : strange.length / read.length;
}

/** How far a text is from what was taught. */
export interface Strangeness {
  /** Its words that stand nowhere in what was taught. */
  readonly unknown: readonly string[];
  /** Their share of all its words. */
  readonly words: number;
  /** Share of its pairs of neighbouring words that stand nowhere in what was taught. */
  readonly pairs: number;
}

export function strangenessOf(ledger: Ledger, text: string): Strangeness {
  const { words, names } = vocabularyOf(ledger);
  const read = wordsIn(text).filter((word) => !MARK.test(word));
  const known = (word: string): boolean => words.has(word) || words.has(word.replace(/'s?$/, ''));
  const unknown = [...new Set(read.filter((word) => !known(word)))];
  return {
    unknown,
    words: read.length === 0 ? 1 : read.filter((word) => !known(word)).length / read.length,
    pairs: strangePairs(readWords(text, names), Object.values(ledger.relations)),
  };
}

/** Whether every pair of neighbours in a text stands so in the phrasings of one relation. */
export function isInWordsOf(ledger: Ledger, relation: Relation, text: string): boolean {
  return strangePairs(readWords(text, vocabularyOf(ledger).names), [relation]) === 0;
}
