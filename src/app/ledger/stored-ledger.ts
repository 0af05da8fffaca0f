import * as v from 'valibot';

/** What `ledger.json` holds, version 3, as its training script wrote it; what is usual is left out of it. */

const Texts = v.array(v.string());

const StoredPhrasing = v.object({
  id: v.string(),
  template: v.string(),
  kind: v.exactOptional(v.string()),
});

/** The free wordings, thousands of them, are plain templates; they follow the other phrasings. */
const StoredRelation = v.object({
  name: v.string(),
  question: v.string(),
  language: v.string(),
  phrasings: v.array(StoredPhrasing),
  wordings: Texts,
});

/** Everything but what the facts say. */
const StoredHeader = v.object({
  version: v.literal(3),
  model: v.string(),
  relations: v.record(v.string(), StoredRelation),
  facts: v.array(v.unknown()),
});

const StoredFact = v.object({
  id: v.string(),
  relation: v.string(),
  subject: v.string(),
  answers: Texts,
  language: v.exactOptional(v.string()),
  prompt: v.string(),
  // A bit a phrasing, in base64.
  seen: v.pipe(v.string(), v.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?$/)),
  held_back: v.exactOptional(Texts, []),
  exposures: v.number(),
  direct: v.exactOptional(v.number()),
  post_exposures: v.exactOptional(v.number()),
  // Taught this often on purpose, to see how much it takes.
  tier: v.exactOptional(v.number()),
  stage: v.exactOptional(v.picklist(['pre', 'post', 'never']), 'pre'),
  flags: v.exactOptional(Texts, []),
  slots: v.exactOptional(v.record(v.string(), v.string())),
  shares: v.exactOptional(v.record(v.string(), v.number())),
  before: v.exactOptional(Texts),
  hops: v.exactOptional(Texts),
});

export type LedgerHeader = v.InferOutput<typeof StoredHeader>;
export type FactOfFile = v.InferOutput<typeof StoredFact>;

/** @throws ValiError when it is not a ledger of a version this app knows. */
export const parseHeader = (data: unknown): LedgerHeader => v.parse(StoredHeader, data);

/** @throws ValiError when it is no fact. */
export const parseFact = (data: unknown): FactOfFile => v.parse(StoredFact, data);
