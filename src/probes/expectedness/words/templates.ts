import { UNITS } from '../view/settings';

/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'expectedness.sentence.*': UNITS,
  'expectedness.unit.*': UNITS,
  'expectedness.unit.*.meaning': UNITS,
};
