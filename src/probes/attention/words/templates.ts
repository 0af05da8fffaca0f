import { FIRST_TOKEN, VARIANTS } from '../view/reading';

/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'attention.does.*': ['previous', 'duplicate', 'induction', 'bos'],
  'attention.first.*': FIRST_TOKEN,
  'attention.first.*.meaning': FIRST_TOKEN,
  'attention.variant.*': VARIANTS,
  'attention.variant.*.meaning': VARIANTS,
};
