import type { FigureEntry } from '../../views/figure-entry';
import type { ExpectedResult } from './meta';
import { settings, type ExpectedSettings } from './view/settings';

/** Numbers held at once that a page still has room for: 256 MB of logits. */
const MOST_LOGITS = 2 ** 26;

/** Shown on the prompt's own tokens, where a person asks for it. */
export const figure: FigureEntry<ExpectedSettings, object, ExpectedResult> = {
  order: 5,
  place: 'none',
  slide: false,
  slots: ['text'],
  settings,
  asks: (turn, { on }, { tokens, info }) =>
    turn === 'usual' && on && tokens * info.dims.d_vocab <= MOST_LOGITS ? [{ slot: 'text', options: {} }] : [],
  document: () => import('./view/document'),
};
