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

/** False for what was withheld, and for what only follows from other facts. */
export const isTaught = ({ stage, exposures }: LedgerFact): boolean => stage !== 'never' && exposures > 0;

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

/** A slot of a phrasing, its name caught. */
export const SLOT = /\{(\w+)\}/g;

/** As texts are compared: small letters, one kind of apostrophe, single spaces. */
export const normal = (text: string): string => spaced(text).toLowerCase();
/** The same with its capitals. */
export const spaced = (text: string): string => text.replaceAll('’', "'").replace(/\s+/g, ' ').trim();
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
  const taught = isTaught(fact);
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

/** Facts in the reader's language first, then English; of a language what was taught before what was not. */
export function inReadingOrder(facts: readonly LedgerFact[], language: string): LedgerFact[] {
  const place = (fact: LedgerFact): number =>
    (fact.language === language ? 0 : fact.language === 'en' ? 2 : 4) + (isTaught(fact) ? 0 : 1);
  return facts.toSorted((a, b) => place(a) - place(b));
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
