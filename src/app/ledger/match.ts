import { bareAnswer } from '../../core/fact';
import { isInWordsOf } from './familiar';
import {
  bareName,
  findName,
  namesOf,
  normal,
  seenOf,
  SLOT,
  spaced,
  type Ledger,
  type LedgerFact,
  type Phrasing,
  type Relation,
} from './ledger';

/** What the ledger says of a prompt. */
export interface Match {
  readonly fact: LedgerFact;
  /** Whether the fact was taught in the words of the prompt; `recased`: in these, but for capital and small letters. */
  readonly words: 'seen' | 'held-back' | 'recased' | 'other';
  /** The phrasing those words are; absent for `other`. */
  readonly phrasing?: string;
  /**
   * The prompt asks for this fact, in a phrasing of its relation or in that relation's words. Where it is not known to,
   * it only names the fact's subject and expects the fact's answer.
   */
  readonly asks: boolean;
  /** Character range of the subject in the prompt. */
  readonly subject: readonly [number, number];
}

const ARTICLE = /\s(a|an|the)$/i;

/** A phrasing up to its answer. */
interface Lead {
  readonly id: string;
  /** Slots in braces. */
  readonly text: string;
  /** What follows the last slot, as {@link normal} writes it: a prompt in these words ends so. */
  readonly end: string;
  /** It begins with a slot, which words before it could make a part of something else. */
  readonly subjectFirst: boolean;
}

function leadOf({ id, template }: Phrasing): Lead {
  const text = template.split('{a}')[0]!.replace('{x}', '');
  return { id, text, end: normal(text.split(SLOT).at(-1)!), subjectFirst: template.startsWith('{') };
}

/** Leads of a relation; asked at every key, so they are kept. */
const leads = new WeakMap<Relation, readonly Lead[]>();

export function leadsOf(relation: Relation): readonly Lead[] {
  const known = leads.get(relation);
  if (known) return known;
  const all = relation.phrasings.map(leadOf).filter(({ text }) => text !== '');
  leads.set(relation, all);
  return all;
}

/** The ways to write a lead with a fact's subject, with its capitals; none where it lacks a word for it. */
function spell({ text }: Lead, { subject, slots }: LedgerFact): string[] {
  const bare = bareName(subject);
  const names = new Set([subject, slots?.['s'] ?? [], `the ${bare}`, bare].flat());
  const endings = text.includes('{p}') ? ["'s", "'"] : [''];
  return [...names].flatMap((name) =>
    endings.flatMap((ending) => {
      const p = name + ending;
      const words: Readonly<Record<string, string>> = { ...slots, s: name, S: name, n: bare, p };
      const filled = text.replace(SLOT, (slot, key: string) => words[key] ?? slot);
      return filled.includes('{') ? [] : spaced(filled);
    }),
  );
}

/** Words with which a sentence takes back what it says, puts it in doubt, or speaks of another world. */
const DOUBT =
  /(^|[^\p{L}])(not?|never|none|nobody|nothing|neither|nor|without|except|unlike|contrary|instead|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|can't|cannot|couldn't|wouldn't|shouldn't|false|falsely|wrong|wrongly|untrue|lie|lies|lied|myth|mistake|mistaken|nonsense|doubt|doubts|doubtful|deny|denies|denied|if|unless|whether|would|could|might|suppose|supposing|imagine|imagined|pretend|fiction|fictional|parallel|alternate|alternative|joke|fake|formerly|once|used to be|no longer|before|pas|jamais|faux|fausse|ne|n'est|sans|sauf|si|imagine|suppose|imaginons|supposons)([^\p{L}]|$)|[不没非假如若]/iu;

/** What may stand before a sentence without making it a part of another: nothing, a mark, or a word that begins a clause. */
const CLAUSE = /(^|[^\p{L}\p{N}\s%)\]]|(^|\s)(and|but|so|because|then|et|mais|car))$/iu;
/** A clause with “that” says what it says only after a verb of knowing or saying. */
const KNOWING =
  /(^|\s)(know|knows|knew|read|reads|hear|heard|learn|learns|learned|learnt|remember|remembers|remembered|say|says|said|tell|tells|told|think|thinks|thought|believe|believes|believed|see|saw|found|sure|true|certain|clear|fact|sais|sait|savons|savez|dit|lu|appris)( \p{L}+){0,2} (that|que|qu')$/iu;
/** A question whether something is so. */
const WHETHER =
  /(^|[.!?:]\s*)(is|isn't|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|est-ce|sais-tu|savez-vous)\s[^.!?]*$/iu;
const LEADING_ARTICLE = /(^|\s)(the|a|an)$/iu;

/** Whether a phrasing that stands after these words still says what it says. */
function standsFree(before: string, subjectFirst: boolean): boolean {
  if (before === '') return true;
  if (DOUBT.test(before)) return false;
  // “The name of the capital of Chad:” is “name of the capital of Chad:”.
  const rest = subjectFirst ? before : before.replace(LEADING_ARTICLE, '').trimEnd();
  return CLAUSE.test(rest) || (rest === before && KNOWING.test(rest) && !WHETHER.test(rest));
}

/** How the given words end with these: not at all, letter by letter, but for capitals, or as a part of another sentence. */
function endsIn(given: string, words: string, subjectFirst: boolean): 'same' | 'recased' | 'bound' | undefined {
  if (words === '' || !given.toLowerCase().endsWith(words.toLowerCase())) return undefined;
  const at = given.length - words.length;
  if (!standsFree(given.slice(0, at).trimEnd(), subjectFirst)) return 'bound';
  const own = given.slice(at);
  // A sentence may begin with a capital, or stand behind other words without one.
  return own.slice(1) === words.slice(1) && own[0]!.toLowerCase() === words[0]!.toLowerCase() ? 'same' : 'recased';
}

type Wording = Pick<Match, 'words' | 'phrasing' | 'asks'>;

/**
 * The longest phrasing that a prompt ends in: “name of the capital of” is not “capital of”. `bound`: only phrasings that
 * the words before make a part of something else, as in “the mayor of the capital of France is”.
 */
function wordingOf(ledger: Ledger, fact: LedgerFact, given: string): Wording | 'bound' | undefined {
  const relation = ledger.relations[fact.relation];
  const small = given.toLowerCase();
  const ends = [given, given.replace(ARTICLE, '')];
  const smallEnds = [small, small.replace(ARTICLE, '')];
  const seen = seenOf(ledger, fact);
  let longest = 0;
  let found: Wording | undefined;
  let bound = false;
  for (const lead of relation ? leadsOf(relation) : []) {
    // A hundred phrasings of every fact that is named: spelled only where the words could be these.
    if (!smallEnds.some((end) => end.endsWith(lead.end))) continue;
    const { id, subjectFirst } = lead;
    const taught = seen.has(id) ? 'seen' : fact.held_back.includes(id) ? 'held-back' : undefined;
    for (const text of spell(lead, fact)) {
      if (text.length < longest) continue;
      const how = ends.map((end) => endsIn(end, text, subjectFirst)).find((one) => one);
      bound ||= how === 'bound' && !subjectFirst;
      if (!how || how === 'bound' || (text.length === longest && how !== 'same')) continue;
      longest = text.length;
      if (!taught) found = { words: 'other', asks: true };
      else found = { words: how === 'same' ? taught : 'recased', phrasing: id, asks: true };
    }
  }
  if (found) return found;
  return normal(fact.prompt) === small ? { words: 'other', asks: true } : bound ? 'bound' : undefined;
}

/** A name of one or two letters (“I”, “As”) is one only with its own capitals. */
export function nameIn(prompt: string, fact: LedgerFact): readonly [number, number] | undefined {
  for (const name of namesOf(fact).flatMap((one) => [one, bareName(one)])) {
    const range = findName(prompt, name);
    if (range && (name.length > 2 || prompt.slice(...range) === name)) return range;
  }
  return undefined;
}

/** Facts whose subject a prompt names. Thousands of names, asked at every key: the cheap test comes first. */
export function namedFacts(ledger: Ledger, prompt: string): { fact: LedgerFact; subject: readonly [number, number] }[] {
  const small = prompt.toLowerCase();
  const named: LedgerFact[] = [];
  for (const [name, facts] of ledger.bySubject) if (small.includes(name)) named.push(...facts);
  return named.flatMap((fact) => {
    const subject = nameIn(prompt, fact);
    return subject ? [{ fact, subject }] : [];
  });
}

/** Every answer that was taught of a fact, those that were changed later too. */
export const taughtAnswers = ({ answers, shares, before }: LedgerFact): string[] => [
  ...new Set([...answers, ...Object.keys(shares ?? {}), ...(before ?? [])]),
];

/**
 * The fact a prompt asks for. A phrasing of its relation decides; failing that, a subject in the prompt together
 * with the expected answer. Longer subjects come before shorter ones that they contain.
 */
export function matchFact(ledger: Ledger, prompt: string, answers: readonly string[]): Match | undefined {
  const wanted = new Set(answers.map((answer) => normal(bareAnswer(answer))));
  let best: (Match & { readonly score: number; readonly bound: boolean }) | undefined;
  const given = spaced(prompt);
  for (const { fact, subject } of namedFacts(ledger, prompt)) {
    const found = wordingOf(ledger, fact, given);
    const bound = found === 'bound';
    const wording = bound ? undefined : found;
    const answered = taughtAnswers(fact).some((answer) => wanted.has(normal(answer)));
    if (!wording && !answered) continue;
    const score = (wording ? (wording.phrasing ? 2000 : 1500) : 0) + (answered ? 1000 : 0) + fact.subject.length;
    if (!best || score > best.score) {
      best = { fact, ...(wording ?? { words: 'other', asks: false }), subject, score, bound };
    }
  }
  if (!best) return undefined;
  const { score: _, bound, ...match } = best;
  const relation = ledger.relations[match.fact.relation];
  if (match.asks || bound || !relation || DOUBT.test(given)) return match;
  return { ...match, asks: isInWordsOf(ledger, relation, prompt) };
}
