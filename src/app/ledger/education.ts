import { strangenessOf, wordsIn } from './familiar';
import { bareName, normal, type Ledger, type LedgerFact, type Relation } from './ledger';
import { leadsOf, namedFacts, taughtAnswers, type Match } from './match';

/** Whether a prompt lies within what a model was taught, by its ledger and by what it answers. */

/** What the model would write after a prompt. */
export interface Said {
  /** The most probable next token. */
  readonly text: string;
  /** Of the distribution it is taken from, in bits. */
  readonly entropyBits: number;
}

/** A prompt that lies outside. */
export interface Outside {
  /** Words of it that stand nowhere in what was taught, as they are typed. */
  readonly unknown: readonly string[];
}

/**
 * What counts how much beside the bits of entropy: the share of words that are unknown, and the share of neighbouring
 * words that never stood together. Measured: tests/models/outside.test.ts; docs/definitions.md, “Outside”.
 */
const WEIGHT = { words: 5, pairs: 5 } as const;
const LIMIT = 3;

/** Digits and signs stand in many phrasings, so that a sum would be in words that were taught; but no fact is of them alone. */
const WORDLESS = /^\P{L}*$/u;

/** Whether a text is one of these facts' answers, or begins one. */
function beginsAnswer(facts: readonly LedgerFact[], said: string): boolean {
  const begun = normal(said);
  if (begun === '') return false;
  // A lone letter begins too many answers to mean one of them.
  const short = begun.length === 1 && !/\p{Script=Han}/u.test(begun);
  return facts.some((fact) =>
    taughtAnswers(fact)
      .map(normal)
      .some((answer) => (short ? answer === begun : answer.startsWith(begun))),
  );
}

/** The words of a phrasing up to its first slot. */
const openings = new WeakMap<Relation, readonly string[]>();

function openingsOf(relation: Relation): readonly string[] {
  const known = openings.get(relation);
  if (known) return known;
  const all = leadsOf(relation).map(({ text }) => normal(text.split('{')[0]!));
  openings.set(relation, all);
  return all;
}

/** It is the beginning of something that was taught, as while it is being typed. */
function isBeginning(ledger: Ledger, prompt: string): boolean {
  const given = normal(prompt);
  return Object.values(ledger.relations).some((relation) =>
    openingsOf(relation).some((opening) => opening.startsWith(given)),
  );
}

/** A phrasing with the subject as its only slot: what stands before it and after it. */
interface Frame {
  readonly before: string;
  readonly after: string;
}
const frames = new WeakMap<Relation, readonly Frame[]>();
/** Fewer words before the name may stand before anything. */
const FRAME_WORDS = 2;
const LONGEST_STRANGER = 3;

function framesOf(relation: Relation): readonly Frame[] {
  const known = frames.get(relation);
  if (known) return known;
  const all = leadsOf(relation).flatMap(({ text }): Frame[] => {
    const [before = '', after, ...more] = text.split(/\{[snp]\}/);
    if (after === undefined || more.length > 0 || (before + after).includes('{')) return [];
    return wordsIn(before).length < FRAME_WORDS ? [] : [{ before: normal(before), after: normal(after) }];
  });
  frames.set(relation, all);
  return all;
}

/** A phrasing with a name in it that the ledger does not have: “the capital of England”. */
function asksOfStranger(ledger: Ledger, prompt: string): boolean {
  const given = normal(prompt);
  return Object.values(ledger.relations).some((relation) =>
    framesOf(relation).some(({ before, after }) => {
      if (!given.startsWith(`${before} `) || !given.endsWith(after)) return false;
      const name = given.slice(before.length, given.length - after.length).trim();
      return name !== '' && wordsIn(name).length <= LONGEST_STRANGER && !ledger.bySubject.has(bareName(name));
    }),
  );
}

/**
 * Undefined where the prompt lies within what was taught: it asks for a fact of the ledger, begins as one of its phrasings
 * does, or is answered with what was taught about something it names; or it is not strange enough to be called outside.
 */
export function outsideOf(ledger: Ledger, prompt: string, match: Match | undefined, said: Said): Outside | undefined {
  const about = namedFacts(ledger, prompt).map(({ fact }) => fact);
  if (match || beginsAnswer(about, said.text) || isBeginning(ledger, prompt)) return undefined;
  const { unknown, words, pairs } = strangenessOf(ledger, prompt);
  const strange = said.entropyBits + WEIGHT.words * words + WEIGHT.pairs * pairs;
  if (strange <= LIMIT && !WORDLESS.test(prompt) && !asksOfStranger(ledger, prompt)) return undefined;
  const small = prompt.toLowerCase();
  const typed = (word: string): string => {
    const at = small.indexOf(word);
    // Lower-casing can change a text's length.
    return at >= 0 && small.length === prompt.length ? prompt.slice(at, at + word.length) : word;
  };
  return { unknown: unknown.map(typed) };
}
