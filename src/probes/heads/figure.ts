import { optionsOf } from '../../core/schemas';
import type { HeadId } from '../../core/place';
import type { FigureEntry } from '../../views/figure-entry';
import { percent } from '../../views/format';
import { HEAD_KINDS, type HeadsOptions, type HeadsResult } from './meta';

/** Where a head's numbers lie in the result; −1 where it has none. */
function placeOf({ layers, n_heads }: HeadsResult, { layer, head }: HeadId): number {
  const row = layers.indexOf(layer);
  return row < 0 ? -1 : row * n_heads + head;
}

/** Shown in other figures, wherever a head is. */
export const figure: FigureEntry<object, HeadsOptions, HeadsResult> = {
  order: 40,
  place: 'none',
  slide: false,
  slots: ['model'],
  settings: optionsOf({}),
  asks: (turn) => (turn === 'usual' ? [{ slot: 'model', options: {} }] : []),
  document: () => import('./view/document'),
  heads: {
    does(result, id, words) {
      const kind = result.labels[placeOf(result, id)]?.kind;
      return kind && kind !== 'none' ? words(`attention.does.${kind}`) : undefined;
    },
    line(result, id, words) {
      const at = placeOf(result, id);
      if (at < 0) return '';
      const scores = HEAD_KINDS.map((kind) => `${words(`heads.kind.${kind}`)} ${percent(result[kind][at]!)}`);
      return `${words('heads.title')} ${scores.join(', ')}`;
    },
    view: () => import('./HeadScores.svelte'),
  },
};
