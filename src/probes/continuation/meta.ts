import type { ProbeMeta } from '../../core/probe';
import { optionsOf, real, whole } from '../../core/schemas';
import type { GeneratedToken, WriteFinish, WriteOptions } from '../../core/writing';

/** How the model is to write on. */
export type ContinuationOptions = Omit<WriteOptions, 'written'>;

/** A text the model wrote from the prompt; its tokens are handed over one by one, as parts, too. */
export interface ContinuationResult {
  readonly tokens: readonly GeneratedToken[];
  /** The tokens as text, without special tokens and without a character that is not finished. */
  readonly text: string;
  /** `cancelled`: a person stopped it. */
  readonly finish: WriteFinish | 'cancelled';
}

const MAX_ALTERNATIVES = 50;

export const meta: ProbeMeta<ContinuationOptions> = {
  id: 'continuation',
  chapter: 'look',
  subject: 'fact',
  when: 'asked',
  needsAnswer: false,
  options: optionsOf({
    maxTokens: whole(20, 1, 100_000),
    temperature: real(0, 0, 100),
    topK: whole(0, 0, Number.MAX_SAFE_INTEGER),
    topP: real(1, Number.MIN_VALUE, 1),
    seed: whole(1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    alternatives: whole(8, 0, MAX_ALTERNATIVES),
  }),
  needs: () => undefined,
  cost: ({ options }) => ({ passes: options.maxTokens }),
};
