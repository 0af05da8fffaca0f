import type { FigureEntry } from '../../views/figure-entry';
import { whole } from '../../views/format';
import type { EmergenceOptions, EmergenceResult } from './meta';
import { settings, type EmergenceSettings } from './view/settings';

/** `answer` is the column whose next token is the answer, which the verdict speaks of; `column` is another, if chosen. */
export const figure: FigureEntry<EmergenceSettings, EmergenceOptions, EmergenceResult> = {
  order: 20,
  place: 'side',
  slide: true,
  slots: ['answer', 'column'],
  settings,
  keeps: true,
  asks(turn, _settings, { column, midLayers, otherSubjects, fact }) {
    const rows = midLayers ? { midLayers } : {};
    if (turn === 'first') return [{ slot: 'answer', options: { position: 'answer', ...rows } }];
    if (turn === 'usual')
      return column === undefined ? [] : [{ slot: 'column', options: { position: column, ...rows } }];
    // Without an answer there is nothing that others could show as well.
    const known = otherSubjects.length > 0 && fact.answers.length > 0;
    return known ? [{ slot: 'answer', options: { position: 'answer', ...rows, null: otherSubjects } }] : [];
  },
  shows: ({ column }) => (column === undefined ? 'answer' : 'column'),
  view: () => import('./View.svelte'),
  document: () => import('./view/document'),
  progress({ done, total, lens }, beside, words) {
    const counts = (of: { readonly done: number; readonly total: number }) => ({
      done: whole(of.done),
      total: whole(of.total),
    });
    if (lens) return words('progress.emergence', counts(lens));
    // The verdict stands; what is left sets it against other subjects.
    return beside && total > 1 ? words('progress.others', counts({ done, total })) : undefined;
  },
};
