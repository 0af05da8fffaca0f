import { bareName, findName, type Ledger, type LedgerFact, type Phrasing } from './ledger';

/** A phrasing with a fact's own words in its slots, cut at the answer. */
export interface FilledPhrasing {
  readonly id: string;
  readonly before: string;
  readonly answer: string;
  readonly after: string;
  /** What asks in these words; absent where they name no subject, or where the ledger does not tell all of them. */
  readonly prompt?: string;
}

type Slots = Readonly<Record<string, string>>;

const SLOT = /\{(\w)\}/g;
const UNKNOWN = '…';
const ARTICLES = /^(an?|the|le|la|les|l'|une?|des)$/i;

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const possessive = (name: string): string => name + (name.endsWith('s') ? "'" : "'s");

/** A template up to its answer as an expression that takes the slots out of a prompt. */
function reader(template: string, subject: string): RegExp {
  const lead = template.split('{a}')[0]!.replace('{x}', '').trimEnd();
  const name = escapeRegExp(subject);
  const patterns: Slots = { s: `(?:\\S+ |l')?${name}`, n: name, p: `(?:\\S+ )?${name}'s?` };
  const met = new Set<string>();
  const parts = lead.split(SLOT).map((part, nth) => {
    // Every other part is a slot's name.
    if (nth % 2 === 0) return escapeRegExp(part);
    if (met.has(part)) return `\\k<${part}>`;
    met.add(part);
    return `(?<${part}>${patterns[part] ?? '.+?'})`;
  });
  return new RegExp(`^${parts.join('')}(?:\\s*(?<x>\\S+))?$`, 'iu');
}

/** The words of a fact that the ledger does not list (articles, other names) stand in its own prompt. */
function slotsOf(fact: LedgerFact, phrasings: readonly Phrasing[]): Slots {
  const bare = bareName(fact.subject);
  const usual = { s: fact.subject, n: bare, p: possessive(fact.subject), x: '' };
  for (const { template } of phrasings) {
    const found = reader(template, bare).exec(fact.prompt)?.groups;
    if (!found || (found['x'] !== undefined && !ARTICLES.test(found['x']))) continue;
    const slots = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
    const s = slots['s'] ?? fact.subject;
    return { ...usual, s, p: possessive(s), ...slots };
  }
  return usual;
}

/** An article with the space after it, as templates expect it. */
const spaced = (article: string): string => (article === '' || article.endsWith("'") ? article : `${article} `);

function fill(template: string, slots: Slots): { readonly text: string; readonly whole: boolean } {
  let whole = true;
  const text = template.replace(SLOT, (_, name: string) => {
    const value = name === 'x' ? spaced(slots['x'] ?? '') : slots[name];
    whole &&= value !== undefined;
    return value ?? UNKNOWN;
  });
  return { text, whole };
}

function filled({ id, template }: Phrasing, fact: LedgerFact, slots: Slots): FilledPhrasing {
  const [lead, tail] = template.split('{a}');
  const before = fill(lead!, slots);
  const prompt = before.text.trimEnd();
  const askable = before.whole && findName(prompt, bareName(fact.subject)) !== undefined;
  return {
    id,
    before: before.text,
    answer: fact.answers[0] ?? '',
    after: fill(tail ?? '', slots).text,
    ...(askable ? { prompt } : {}),
  };
}

/** A fact's phrasings: taught as sentences, within longer texts or told freely, and held back on purpose. */
export interface FactPhrasings {
  readonly taught: readonly FilledPhrasing[];
  readonly within: readonly FilledPhrasing[];
  readonly heldBack: readonly FilledPhrasing[];
  readonly free: readonly FilledPhrasing[];
}

export function phrasingsOf(ledger: Ledger, fact: LedgerFact): FactPhrasings {
  const phrasings = ledger.relations[fact.relation]?.phrasings ?? [];
  const slots = slotsOf(fact, phrasings);
  const those = (holds: (one: Phrasing) => boolean): FilledPhrasing[] =>
    phrasings.filter(holds).map((one) => filled(one, fact, slots));
  const seen = new Set(fact.seen);
  const held = new Set(fact.held_back);
  return {
    taught: those(({ id, kind }) => seen.has(id) && kind !== 'context' && kind !== 'story'),
    within: those(({ id, kind }) => seen.has(id) && kind === 'context'),
    heldBack: those(({ id }) => held.has(id)),
    free: those(({ id, kind }) => seen.has(id) && kind === 'story'),
  };
}

/** The first `count`, with the one that is in use before the others where it would not be among them. */
export function firstOf(list: readonly FilledPhrasing[], own: string | undefined, count: number): FilledPhrasing[] {
  const first = list.slice(0, count);
  const used = list.slice(count).find(({ id }) => id === own);
  return used ? [used, ...first.slice(0, -1)] : first;
}
