import { oneOf, optionsOf } from '../../core/schemas';
import type { FigureEntry } from '../../views/figure-entry';
import type { AttentionOptions, AttentionResult } from './meta';
import { shownVariant, VARIANTS, type Variant } from './view/reading';

const DRAWINGS = ['matrix', 'arcs'] as const;

export interface AttentionSettings {
  readonly variant: Variant;
  readonly drawing: (typeof DRAWINGS)[number];
}

export const figure: FigureEntry<AttentionSettings, AttentionOptions, AttentionResult> = {
  order: 30,
  place: 'full',
  slide: true,
  slots: ['text'],
  settings: optionsOf({ variant: oneOf(VARIANTS, 'plain'), drawing: oneOf(DRAWINGS, 'matrix') }),
  asks(turn, { variant }, { tokens, info }) {
    // All patterns of a longer prompt have no room in memory.
    if (turn !== 'usual' || tokens > info.limits.attentionTokens) return [];
    return [{ slot: 'text', options: { valueWeighted: variant === 'value', rollout: variant === 'rollout' } }];
  },
  settle: (settings, result) => {
    // What is missing from the model stays chosen: the figure says that it is missing.
    const lacks = settings.variant === 'value' && result.valueWeightedMissing !== undefined;
    return lacks ? settings : { ...settings, variant: shownVariant(result, settings.variant) };
  },
  hasPicture: ({ layers }) => layers.length > 0,
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
};
