import { flag, oneOf, optionsOf } from '../../core/schemas';
import type { FigureEntry } from '../../views/figure-entry';
import { whole } from '../../views/format';
import type { LensOptions, LensResult } from './meta';
import { SHADINGS, type Shading } from './view/shading';

export interface LensSettings {
  readonly shading: Shading;
  readonly midLayers: boolean;
}

export const figure: FigureEntry<LensSettings, LensOptions, LensResult> = {
  order: 10,
  place: 'main',
  slide: true,
  slots: ['text'],
  settings: optionsOf({ shading: oneOf(SHADINGS, 'p'), midLayers: flag(false) }),
  asks: (turn, { midLayers }) => (turn === 'usual' ? [{ slot: 'text', options: { midLayers } }] : []),
  settle: (settings, { table }) => ({ ...settings, midLayers: table.rowDepth.some((depth) => depth % 1 !== 0) }),
  layerRows: ({ table }) => ({ depth: table.rowDepth, hooks: table.rowHooks }),
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
  progress: ({ lens }, _beside, words) =>
    lens && words('progress.lens', { done: whole(lens.done), total: whole(lens.total) }),
};
