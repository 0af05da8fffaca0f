import { HEAD_KINDS } from '../meta';

/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'heads.kind.*': HEAD_KINDS,
  'heads.kind.*.formula': HEAD_KINDS,
  'heads.kind.*.meaning': HEAD_KINDS,
};
