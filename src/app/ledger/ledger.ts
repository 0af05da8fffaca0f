/** What a bundled model was taught: the record its training script wrote (`ledger.json`), and questions to it. */
import { parseFact, parseHeader, type FactOfFile, type LedgerHeader } from './stored-ledger';

export interface Phrasing {
  readonly id: string;
  /** A text with slots: `{s}` subject, `{n}` its bare name, `{p}` possessive, `{x}` article, `{a}` answer, and others. */
  readonly template: string;
  /** `context`: part of a longer text that has named the subject before; `story`: told freely, often at length. */
  readonly kind?: string;
}

export interface Relation {
  readonly name: string;
  readonly question: string;
  readonly language: string;
  readonly phrasings: readonly Phrasing[];
}

export interface LedgerFact {
  readonly id: string;
  readonly relation: string;
  readonly subject: string;
  readonly answers: readonly string[];
  readonly language: string;
  /** A natural prompt that ends right before the answer. */
  readonly prompt: string;
  /** In which of its relation's phrasings it was taught: a bit each, the lowest first, in base64; see {@link seenOf}. */
  readonly seen: string;
  readonly held_back: readonly string[];
  readonly exposures: number;
  /** How many of them say it in this direction; absent where all do. The others name the subject as the answer. */
  readonly direct?: number;
  /** How many of them came after pre-training. */
  readonly post_exposures?: number;
  readonly stage: 'pre' | 'post' | 'never';
  readonly flags: readonly string[];
  /** What the slots of its phrasings hold, where that is not the plain subject (`ps` is its plural, “wolves”). */
  readonly slots?: Readonly<Record<string, string>>;
  /** How often each answer was taught, where the training text contradicts itself. */
  readonly shares?: Readonly<Record<string, number>>;
  /** Edited facts: the answers taught before. */
  readonly before?: readonly string[];
  /** Facts from which this one follows, by id. */
  readonly hops?: readonly string[];
}

export interface Ledger {
  readonly model: string;
  readonly relations: Readonly<Record<string, Relation>>;
  readonly facts: readonly LedgerFact[];
  /** Facts by the subject's name, lower case and without its article. */
  readonly bySubject: ReadonlyMap<string, readonly LedgerFact[]>;
}

export const bareName = (name: string): string => name.replace(/^the /i, '');

/** What the subject may be called in a prompt. */
export const namesOf = ({ subject, slots }: LedgerFact): string[] => [subject, slots?.['ps'] ?? []].flat();

/** The ids of the phrasings in which a fact was taught. */
export function seenOf({ relations }: Pick<Ledger, 'relations'>, { relation, seen }: LedgerFact): ReadonlySet<string> {
  const bytes = atob(seen);
  const phrasings = relations[relation]?.phrasings ?? [];
  return new Set(phrasings.filter((_, nth) => (bytes.charCodeAt(nth >> 3) >> (nth & 7)) & 1).map(({ id }) => id));
}

/** In how many phrasings a fact was taught. */
export const seenCount = ({ seen }: LedgerFact): number =>
  [...atob(seen)].reduce((sum, byte) => sum + byte.charCodeAt(0).toString(2).replaceAll('0', '').length, 0);

/** What a file holds, as a ledger. @param facts those of the header's list. */
export function makeLedger({ model, relations: stored }: LedgerHeader, facts: readonly FactOfFile[]): Ledger {
  const relations: Record<string, Relation> = {};
  for (const [id, { wordings, phrasings, ...relation }] of Object.entries(stored)) {
    const free = wordings.map((template, nth) => ({ id: `w${String(nth)}`, template, kind: 'story' }));
    relations[id] = { ...relation, phrasings: [...phrasings, ...free] };
  }
  const whole = facts.map((fact) => ({
    ...fact,
    language: fact.language ?? relations[fact.relation]?.language ?? 'en',
  }));
  const bySubject = new Map<string, LedgerFact[]>();
  for (const fact of whole) {
    for (const written of namesOf(fact)) {
      const name = bareName(written).toLowerCase();
      const known = bySubject.get(name);
      if (known) known.push(fact);
      else bySubject.set(name, [fact]);
    }
  }
  return { model, relations, facts: whole, bySubject };
}

/**
 * @param data what the file holds.
 * @throws ValiError when it is not a ledger of a version this app knows.
 */
export function parseLedger(data: unknown): Ledger {
  const header = parseHeader(data);
  return makeLedger(header, header.facts.map(parseFact));
}

/** What the ledger says of a prompt. */
export interface Match {
  readonly fact: LedgerFact;
  /** Whether the fact was taught in the words of the prompt. */
  readonly words: 'seen' | 'held-back' | 'other';
  /** The phrasing those words are; absent for `other`. */
  readonly phrasing?: string;
  /** Character range of the subject in the prompt. */
  readonly subject: readonly [number, number];
}

const normal = (text: string): string => text.toLowerCase().replaceAll('’', "'").replace(/\s+/g, ' ').trim();
const ARTICLE = /\s(a|an|the)$/;
const LETTER = /[\p{L}\p{N}]/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** Where a name stands in a text as a word of its own; the last such place. */
export function findName(text: string, name: string): readonly [number, number] | undefined {
  const lower = text.toLowerCase();
  const wanted = name.toLowerCase();
  for (let at = lower.lastIndexOf(wanted); at >= 0; at = at === 0 ? -1 : lower.lastIndexOf(wanted, at - 1)) {
    const end = at + wanted.length;
    const free = UNSPACED.test(name) || !(LETTER.test(text[at - 1] ?? ' ') || LETTER.test(text[end] ?? ' '));
    // Lower-casing can change a text's length; then ranges would be off.
    if (free && lower.length === text.length) return [at, end];
  }
  return undefined;
}

/** A phrasing up to its answer. */
interface Lead {
  readonly id: string;
  /** Slots in braces. */
  readonly text: string;
  /** What follows the last slot, as {@link normal} writes it: a prompt in these words ends so. */
  readonly end: string;
  /** It begins with the subject, which words before it could make a part of something else. */
  readonly subjectFirst: boolean;
}

/** A slot of a phrasing, its name caught. */
export const SLOT = /\{(\w+)\}/g;

function leadOf({ id, template }: Phrasing): Lead {
  const text = template.split('{a}')[0]!.replace('{x}', '');
  return { id, text, end: normal(text.split(SLOT).at(-1)!), subjectFirst: template.startsWith('{') };
}

/** Leads of a relation; asked at every key, so they are kept. */
const leads = new WeakMap<Relation, readonly Lead[]>();

function leadsOf(relation: Relation): readonly Lead[] {
  const known = leads.get(relation);
  if (known) return known;
  const all = relation.phrasings.map(leadOf).filter(({ text }) => text !== '');
  leads.set(relation, all);
  return all;
}

/** The ways to write a lead with a fact's subject, as {@link normal} writes them; none where it lacks a word for it. */
function spell({ text }: Lead, { subject, slots }: LedgerFact): string[] {
  const bare = bareName(subject);
  return [subject, slots?.['s'] ?? [], `the ${bare}`, bare].flat().flatMap((name) =>
    [`${name}'s`, `${name}'`].flatMap((p) => {
      const words: Readonly<Record<string, string>> = { ...slots, s: name, S: name, n: bare, p };
      const filled = text.replace(SLOT, (slot, key: string) => words[key] ?? slot);
      return filled.includes('{') ? [] : normal(filled);
    }),
  );
}

/** What may stand before a sentence: nothing, a mark, or a word that begins a clause; not “the capital of”. */
const CLAUSE = /(^|[^\p{L}\p{N}\s]|\s(that|and|but|so|because|then|que|et|mais|car)|^(that|and|but|so|then|et|mais))$/u;

/** Whether the given words end with these, as a sentence of their own where the subject comes first. */
function endsIn(given: string, words: string, subjectFirst: boolean): boolean {
  if (words === '' || !given.endsWith(words)) return false;
  return !subjectFirst || CLAUSE.test(given.slice(0, given.length - words.length).trimEnd());
}

/** The longest phrasing, taught or held back, that a prompt ends in: “name of the capital of” is not “capital of”. */
function wordsOf(ledger: Ledger, fact: LedgerFact, given: string): Pick<Match, 'words' | 'phrasing'> | undefined {
  const relation = ledger.relations[fact.relation];
  const ends = [given, given.replace(ARTICLE, '')];
  const seen = seenOf(ledger, fact);
  let longest = 0;
  let found: Pick<Match, 'words' | 'phrasing'> | undefined;
  for (const lead of relation ? leadsOf(relation) : []) {
    // A hundred phrasings of every fact that is named: spelled only where the words could be these.
    if (!ends.some((end) => end.endsWith(lead.end))) continue;
    const { id, subjectFirst } = lead;
    const words = seen.has(id) ? 'seen' : fact.held_back.includes(id) ? 'held-back' : undefined;
    if (!words) continue;
    for (const text of spell(lead, fact)) {
      if (text.length <= longest || !ends.some((end) => endsIn(end, text, subjectFirst))) continue;
      longest = text.length;
      found = { words, phrasing: id };
    }
  }
  return found ?? (normal(fact.prompt) === given ? { words: 'other' } : undefined);
}

/**
 * The fact a prompt asks for. A phrasing of its relation decides; failing that, a subject in the prompt together
 * with the expected answer. Longer subjects come before shorter ones that they contain.
 */
export function matchFact(ledger: Ledger, prompt: string, answers: readonly string[]): Match | undefined {
  const wanted = new Set(answers.map(normal));
  let best: (Match & { readonly score: number }) | undefined;
  const lower = prompt.toLowerCase();
  const given = normal(prompt);
  // Thousands of names, asked at every key: the cheap test comes first.
  const named: LedgerFact[] = [];
  for (const [name, facts] of ledger.bySubject) if (lower.includes(name)) named.push(...facts);
  for (const fact of named) {
    const subject = namesOf(fact)
      .flatMap((name) => [name, bareName(name)])
      .map((name) => findName(prompt, name))
      .find((range) => range);
    if (!subject) continue;
    const words = wordsOf(ledger, fact, given);
    const answered = [...fact.answers, ...Object.keys(fact.shares ?? {})].some((answer) => wanted.has(normal(answer)));
    if (!words && !answered) continue;
    const score = (words ? 2000 : 0) + (answered ? 1000 : 0) + fact.subject.length;
    if (!best || score > best.score) best = { fact, ...(words ?? { words: 'other' }), subject, score };
  }
  if (!best) return undefined;
  const { score: _, ...match } = best;
  return match;
}

/**
 * Other subjects of the same relation, whose answers are others, in a fixed shuffled order. For the null.
 * @param asked the subject as the prompt has it: where that is the plural, the others are in the plural.
 */
export function otherSubjects(ledger: Ledger, fact: LedgerFact, count: number, asked = fact.subject): string[] {
  const own = new Set(fact.answers.map(normal));
  const others = ledger.facts.filter(
    (other) =>
      other.relation === fact.relation &&
      other.id !== fact.id &&
      !other.answers.some((answer) => own.has(normal(answer))),
  );
  const many = normal(asked) === normal(fact.slots?.['ps'] ?? '');
  return shuffled(others.flatMap((other) => (many ? (other.slots?.['ps'] ?? []) : other.subject))).slice(0, count);
}

/** All subjects of a ledger, shuffled; asked at every key, so they are kept. */
const everySubject = new WeakMap<Ledger, readonly string[]>();

/** Subjects of any relation to put in the place of one that the ledger does not know, in a fixed shuffled order. */
export function anySubjects(ledger: Ledger, subject: string, count: number): string[] {
  const all = everySubject.get(ledger) ?? shuffled(ledger.facts.map(({ subject: name }) => name));
  everySubject.set(ledger, all);
  const own = normal(bareName(subject));
  const others: string[] = [];
  for (const name of all) {
    if (others.length === count) break;
    if (normal(bareName(name)) !== own) others.push(name);
  }
  return others;
}

function shuffled(names: readonly string[]): string[] {
  const order = (text: string): number => {
    let hash = 2166136261;
    for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 16777619);
    return hash >>> 0;
  };
  const subjects = [...new Set(names)].map((name) => ({ name, at: order(name) }));
  return subjects.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

export const KINDS = [
  'often',
  'rare',
  'withheld',
  'contradicted',
  'late',
  'edited',
  'two-hop',
  'fictional',
  'zh',
  'fr',
] as const;
export type Kind = (typeof KINDS)[number];

const OFTEN = 100;
const RARE = 16;

/** The kinds a fact belongs to, as the gallery sorts them. */
export function kindsOf(fact: LedgerFact): Kind[] {
  const flag = (name: string): boolean => fact.flags.includes(name);
  const taught = fact.stage !== 'never' && fact.exposures > 0;
  const tests: readonly (readonly [Kind, boolean])[] = [
    ['often', taught && fact.exposures >= OFTEN],
    ['rare', taught && fact.exposures <= RARE],
    ['withheld', !taught || flag('withheld') || flag('composition-withheld')],
    ['contradicted', flag('contradicted')],
    ['late', flag('late')],
    ['edited', flag('edited') || flag('added')],
    ['two-hop', flag('two-hop')],
    ['fictional', flag('fictional')],
    ['zh', fact.language === 'zh'],
    ['fr', fact.language === 'fr'],
  ];
  return tests.filter(([, holds]) => holds).map(([kind]) => kind);
}

export interface Filter {
  readonly text: string;
  readonly kind: Kind | undefined;
  readonly relation: string | undefined;
}

/** Facts that match every part of the filter, in the ledger's order; those that begin with the text come first. */
export function search(ledger: Ledger, { text, kind, relation }: Filter): LedgerFact[] {
  const wanted = normal(text);
  const found = ledger.facts.filter((fact) => {
    if (kind && !kindsOf(fact).includes(kind)) return false;
    if (relation && fact.relation !== relation) return false;
    return wanted === '' || normal([fact.prompt, fact.subject, ...fact.answers].join(' ')).includes(wanted);
  });
  if (wanted === '') return found;
  const starts = (fact: LedgerFact): boolean =>
    [fact.subject, ...fact.answers].some((name) => normal(name).startsWith(wanted));
  return [...found.filter(starts), ...found.filter((fact) => !starts(fact))];
}
