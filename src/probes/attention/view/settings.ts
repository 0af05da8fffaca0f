import { flag, oneOf, optionsOf, texts } from '../../../core/schemas';
import { FIRST_TOKEN, VARIANTS, type FirstToken, type Variant } from './reading';

const DRAWINGS = ['matrix', 'arcs'] as const;
/** More heads than any model has at once need not be named in a link. */
const MOST_HEADS = 4096;

/** What a person sets in the figure. */
export interface AttentionSettings {
  readonly variant: Variant;
  readonly drawing: (typeof DRAWINGS)[number];
  /** What becomes of the first token's column. */
  readonly first: FirstToken;
  /** The large map is the mean over {@link together}. */
  readonly mean: boolean;
  /** Heads as `layer.head`, both from 0. */
  readonly together: readonly string[];
}

export const settings = optionsOf({
  variant: oneOf(VARIANTS, 'plain'),
  drawing: oneOf(DRAWINGS, 'matrix'),
  first: oneOf(FIRST_TOKEN, 'shown'),
  mean: flag(false),
  together: texts(MOST_HEADS),
});
