import { optionsOf, real, whole } from '../../../core/schemas';
import type { ContinuationOptions } from '../meta';

/** What a person sets; the number of alternatives is the figure's own. */
export type ContinuationSettings = Omit<ContinuationOptions, 'alternatives'>;

export const settings = optionsOf({
  maxTokens: whole(20, 1, 500),
  temperature: real(0, 0, 5),
  topK: whole(0, 0, 1000),
  topP: real(1, 0.01, 1),
  seed: whole(1, 0, 2 ** 31 - 1),
});
