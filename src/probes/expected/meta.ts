import type { ProbeMeta } from '../../core/probe';
import { optionsOf } from '../../core/schemas';

/** How expected each token of the prompt was (docs/definitions.md, “Expectedness”). T positions. */
export interface ExpectedResult {
  /** `[T]` probability of the token after those before it; NaN for the first one, before which there is nothing. */
  readonly p: Float32Array;
  /** `[T]` its rank there, from 1; 0 for the first one. */
  readonly rank: Int32Array;
  /** `[T]` −log₂ of the probability, in bits; NaN for the first one. */
  readonly surprisalBits: Float32Array;
  /** `[T]` the token that was most probable there, and its probability; −1 and NaN for the first one. */
  readonly topIds: Int32Array;
  readonly topProbs: Float32Array;
  /** Every token id named in this result. */
  readonly tokenIds: Int32Array;
}

export const meta: ProbeMeta<object> = {
  id: 'expected',
  chapter: 'emerge',
  subject: 'fact',
  when: 'always',
  needsAnswer: false,
  options: optionsOf({}),
  // Logits are all that it takes, and every model gives them.
  needs: () => undefined,
};
