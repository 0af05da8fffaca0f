import type { ErrorDetails } from './errors';
import type { BlockHook } from './hooks';

/** Why a part of a model was looked for and not found; the page finds the words (`missing.…`). */
export const MISSING_REASONS = [
  // what keeps all of a model's inside from being recognised
  'tangled-graph',
  'no-output-product',
  'operator-before-logits',
  'two-factors',
  'vocabulary-unstated',
  'no-token-table',
  'left-graph',
  'operator-before-stream',
  'two-streams',
  'stream-without-embedding',
  'broken-stream',
  'several-streams',
  'per-layer-inputs',
  'no-layers',
  'several-branches',
  'layer-without-mlp',
  'mlp-without-attention',
  'layer-count',
  'head-count-unknown',
  'head-count',
  'uneven-heads',
  // found only when it runs
  'value-count',
  // what a single part lacks
  'pattern-unused',
  'several-softmaxes',
  'fused-attention',
  'foreign-attribute',
  'convolution',
  'no-product',
  'no-projection',
  'no-activation',
  'other-width',
  'wider-than-values',
  'experts',
  'added-at-once',
  'no-patterns',
  'heads-mixed',
  'scaled-heads',
  'summed',
  // what was recognised and does not agree with the file when it is run
  'logits-differ',
  'other-order',
  'row-sums',
  'not-its-values',
  'not-its-output',
  'not-its-sum',
] as const;
export type MissingCode = (typeof MISSING_REASONS)[number];

/** What the words for a code may use: names and numbers. Layers count from 1, as people do. */
export type ReasonDetails = Readonly<Record<string, string | number>>;

/** A code with the facts that its words may use. */
export interface MissingReason {
  readonly code: MissingCode;
  readonly details: ReasonDetails;
}

/** Parts that can be missing: all of a model's inside, a layer's attention, what is within it, or one hook. */
export type MissingPartName = 'anatomy' | 'attention' | 'inside-attention' | 'hook_embed' | 'W_O' | BlockHook;

export interface MissingPart {
  readonly part: MissingPartName;
  /** From 0; absent: of the whole model. */
  readonly layer?: number;
  readonly reason: MissingReason;
}

export function missingReason(code: MissingCode, details: ReasonDetails = {}): MissingReason {
  return { code, details };
}

/** Where the anatomy writes down why a part is missing, when that is not under the part's own name. */
const ALSO_UNDER: Readonly<Record<string, readonly string[]>> = {
  attention: ['inside-attention', 'attn.hook_pattern'],
};

/**
 * Why a model lacks a part, as far as its anatomy says: the reason of that part, or the one that keeps all of its inside
 * from being recognised; never that of another part.
 * @param part as a probe's `needs` names it.
 */
export function whyMissing(missing: readonly MissingPart[], part: string): MissingReason | undefined {
  const names = [part, ...(ALSO_UNDER[part] ?? []), 'anatomy'];
  return names.flatMap((name) => missing.find((one) => one.part === name) ?? [])[0]?.reason;
}

/** The reason in the details of an `unknown-anatomy` error, where whoever threw it put one. */
export function reasonOf({ reason, ...facts }: ErrorDetails): MissingReason | undefined {
  return reason === undefined ? undefined : { code: reason as MissingCode, details: facts as ReasonDetails };
}
