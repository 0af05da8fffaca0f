import type { FigureEntry } from '../../views/figure-entry';
import type { ExpectednessOptions, ExpectednessResult } from './meta';
import { settings, type ExpectednessSettings } from './view/settings';

export const figure: FigureEntry<ExpectednessSettings, ExpectednessOptions, ExpectednessResult> = {
  order: 35,
  place: 'full',
  slide: true,
  slots: ['text'],
  settings,
  asks: (turn) => (turn === 'usual' ? [{ slot: 'text', options: {} }] : []),
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
};
