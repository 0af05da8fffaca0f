import { visible } from '../../../views/format';
import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import type { Words } from '../../../views/words';
import type { ContinuationSettings } from './settings';
import type { ContinuationResult } from '../meta';
import { continuationScene } from './scene';
import { alternativesTable, continuationTable } from './table';

/** What it wrote, in one sentence. */
export const wroteSentence = (model: string, text: string, words: Words): string =>
  words('continuation.sentence', { model, text: text.split(' ').map(visible).join(' ').trim() });

export const document: FigureDocument<ContinuationSettings, ContinuationResult> = {
  sentence: ({ shown, context }, words) => wroteSentence(context.info.name, shown.result.text, words),
  tables: ({ shown }, words) => [
    { table: continuationTable(shown.result.tokens, words) },
    {
      name: words('continuation.table.alternatives'),
      table: alternativesTable(shown.result.tokens, words),
      result: shown.result.tokens.map(({ alternatives }) => alternatives),
    },
  ],
  sheets: ({ shown }) => [{ picture: continuationScene(shown.fact?.prompt ?? '', shown.result.tokens) }],
  scene: ({ shown }, frame) => framed(frame, continuationScene(shown.fact?.prompt ?? '', shown.result.tokens)),
};
