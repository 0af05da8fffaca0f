import { bareName, findName, namesOf, seenOf, SLOT, type Ledger, type LedgerFact, type Phrasing } from './ledger';

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

const UNKNOWN = '…';

const possessive = (name: string): string => name + (name.endsWith('s') ? "'" : "'s");
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function slotsOf({ subject, slots }: LedgerFact): Slots {
  const s = slots?.['s'] ?? subject;
  return { n: bareName(subject), x: '', ...slots, s, S: capital(s), p: slots?.['p'] ?? possessive(s) };
}

function fill(template: string, slots: Slots): { readonly text: string; readonly whole: boolean } {
  let whole = true;
  const text = template.replace(SLOT, (_, name: string) => {
    const value = slots[name];
    whole &&= value !== undefined;
    return value ?? UNKNOWN;
  });
  return { text, whole };
}

function filled({ id, template }: Phrasing, fact: LedgerFact, slots: Slots): FilledPhrasing {
  const [lead, tail] = template.split('{a}');
  const before = fill(lead!, slots);
  const prompt = before.text.trimEnd();
  const askable = before.whole && namesOf(fact).some((name) => findName(prompt, bareName(name)));
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
  const slots = slotsOf(fact);
  const those = (holds: (one: Phrasing) => boolean): FilledPhrasing[] =>
    phrasings.filter(holds).map((one) => filled(one, fact, slots));
  const seen = seenOf(ledger, fact);
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
