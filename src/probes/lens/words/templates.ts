import { SHADINGS } from '../view/shading';

/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'lens.sentence.*': SHADINGS,
  'lens.shade.*': SHADINGS,
  'lens.shade.*.meaning': SHADINGS,
};
