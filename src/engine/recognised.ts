import type { MissingReason } from '../core/missing-reasons';
import type { Anatomy } from '../onnx/anatomy';

/** A model's anatomy, or why there is none. */
export type Recognised =
  { readonly anatomy: Anatomy; readonly reason?: never } | { readonly anatomy?: never; readonly reason: MissingReason };
