import { oneOf, optionsOf } from '../../../core/schemas';
import { VARIANTS, type Variant } from './reading';

const DRAWINGS = ['matrix', 'arcs'] as const;

/** What a person sets in the figure. */
export interface AttentionSettings {
  readonly variant: Variant;
  readonly drawing: (typeof DRAWINGS)[number];
}

export const settings = optionsOf({ variant: oneOf(VARIANTS, 'plain'), drawing: oneOf(DRAWINGS, 'matrix') });
