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
  'no-layers',
  'several-branches',
  'layer-without-mlp',
  'mlp-without-attention',
  'layer-count',
  'head-count-unknown',
  'head-count',
  // found only when it runs
  'value-count',
  // what a single part lacks
  'pattern-unused',
  'several-softmaxes',
  'fused-attention',
  'convolution',
  'no-product',
  'no-projection',
  'no-activation',
  'other-width',
  'latent-attention',
  'experts',
  'added-at-once',
  'no-patterns',
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
export type MissingPartName = 'anatomy' | 'attention' | 'inside-attention' | 'hook_embed' | BlockHook;

export interface MissingPart {
  readonly part: MissingPartName;
  /** From 0; absent: of the whole model. */
  readonly layer?: number;
  readonly reason: MissingReason;
}

export function missingReason(code: MissingCode, details: ReasonDetails = {}): MissingReason {
  return { code, details };
}

/** The reason in the details of an `unknown-anatomy` error, where whoever threw it put one. */
export function reasonOf({ reason, ...facts }: ErrorDetails): MissingReason | undefined {
  return reason === undefined ? undefined : { code: reason as MissingCode, details: facts as ReasonDetails };
}
