import { VARIANTS } from '../view/reading';

/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'attention.does.*': ['previous', 'duplicate', 'induction', 'bos'],
  'attention.variant.*': VARIANTS,
  'attention.variant.*.meaning': VARIANTS,
};
