import type { ProbeMeta } from '../../core/probe';
import { optionsOf } from '../../core/schemas';

/** Nothing can be chosen: unit and picture are the figure's. */
export type ExpectednessOptions = object;

/**
 * How expected each token of the prompt was when it was read (docs/definitions.md, “Expectedness”). Entries are the
 * positions 1 … T − 1; the first token has nothing before it and so no number.
 */
export interface ExpectednessResult {
  /** `[T − 1]` ids of the tokens read. */
  readonly ids: Int32Array;
  /** `[T − 1]` −log2 p of the token, given those before it. */
  readonly bits: Float32Array;
  /** `[T − 1]` the token that the model held most probable there, and its probability. */
  readonly topIds: Int32Array;
  readonly topProbs: Float32Array;
  /** Every token id named in this result. */
  readonly tokenIds: Int32Array;
}

export const meta: ProbeMeta<ExpectednessOptions> = {
  id: 'expectedness',
  chapter: 'look',
  subject: 'fact',
  when: 'always',
  needsAnswer: false,
  options: optionsOf({}),
  needs: () => undefined,
};
