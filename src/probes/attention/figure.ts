import type { FigureEntry } from '../../views/figure-entry';
import type { AttentionOptions, AttentionResult } from './meta';
import { shownVariant } from './view/reading';
import { settings, type AttentionSettings } from './view/settings';

export const figure: FigureEntry<AttentionSettings, AttentionOptions, AttentionResult> = {
  order: 30,
  place: 'full',
  slide: true,
  slots: ['text'],
  settings,
  asks(turn, { variant }, { tokens, info }) {
    // All patterns of a longer prompt have no room in memory.
    if (turn !== 'usual' || tokens > info.limits.attentionTokens) return [];
    return [{ slot: 'text', options: { valueWeighted: variant === 'value', rollout: variant === 'rollout' } }];
  },
  settle: (wanted, result) => {
    // What is missing from the model stays chosen: the figure says that it is missing.
    const lacks = wanted.variant === 'value' && result.valueWeightedMissing !== undefined;
    return lacks ? wanted : { ...wanted, variant: shownVariant(result, wanted.variant) };
  },
  hasPicture: ({ layers }) => layers.length > 0,
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
};
