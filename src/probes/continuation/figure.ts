import { writtenText } from '../../core/written-text';
import type { GeneratedToken } from '../../core/writing';
import type { FigureEntry } from '../../views/figure-entry';
import type { ContinuationOptions, ContinuationResult } from './meta';
import { settings, type ContinuationSettings } from './view/settings';

export const figure: FigureEntry<ContinuationSettings, ContinuationOptions, ContinuationResult> = {
  order: 50,
  place: 'full',
  slide: true,
  slots: ['text'],
  settings,
  asks: (turn, options) => (turn === 'usual' ? [{ slot: 'text', options }] : []),
  fromParts: (tokens: readonly GeneratedToken[]) => ({ tokens, text: writtenText(tokens), finish: 'cancelled' }),
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
};
