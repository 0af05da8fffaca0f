import { optionsOf, real, whole } from '../../core/schemas';
import { writtenText } from '../../core/written-text';
import type { GeneratedToken } from '../../core/writing';
import type { FigureEntry } from '../../views/figure-entry';
import type { ContinuationOptions, ContinuationResult } from './meta';

/** What a person sets; the number of alternatives is the figure's own. */
export type ContinuationSettings = Omit<ContinuationOptions, 'alternatives'>;

export const figure: FigureEntry<ContinuationSettings, ContinuationOptions, ContinuationResult> = {
  order: 50,
  place: 'full',
  slide: true,
  slots: ['text'],
  settings: optionsOf({
    maxTokens: whole(20, 1, 500),
    temperature: real(0, 0, 5),
    topK: whole(0, 0, 1000),
    topP: real(1, 0.01, 1),
    seed: whole(1, 0, 2 ** 31 - 1),
  }),
  asks: (turn, settings) => (turn === 'usual' ? [{ slot: 'text', options: settings }] : []),
  fromParts: (tokens: readonly GeneratedToken[]) => ({ tokens, text: writtenText(tokens), finish: 'cancelled' }),
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
};
