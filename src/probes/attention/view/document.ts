import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import type { AttentionSettings } from './settings';
import type { AttentionResult } from '../meta';
import { largeMap } from './large';
import { attentionScene, attentionSheets } from './scene';
import { subjectSentence } from './sentences';
import { headsTable, patternTable } from './table';

export const document: FigureDocument<AttentionSettings, AttentionResult> = {
  sentence: ({ shown }, words) => subjectSentence(shown.result, shown.tokens, words),
  tables({ shown: { result, tokens }, settings, context }, words) {
    const large = largeMap(result, settings, context.selection.head, words);
    const { chosen, variant, heads, map, title } = large;
    const does = context.heads.does;
    return [
      { table: headsTable(result, tokens, does, settings.variant, words) },
      {
        name: `${words('attention.pattern')}, ${title}`,
        table: patternTable(tokens, large, words),
        // Of several heads it is their mean, and of a row without the first token the rest.
        result: { ...(heads.length > 1 ? { heads } : chosen), variant, first: settings.first, tokens, pattern: map },
      },
    ];
  },
  scene({ shown, settings, context }, frame, words) {
    const { head, looker } = context.selection;
    const choice = { ...settings, head, looker, heads: context.heads };
    return framed(frame, attentionScene(shown.result, shown.tokens, choice, words));
  },
  sheets({ shown, settings, context }, words) {
    const { head, looker } = context.selection;
    const choice = { ...settings, head, looker, heads: context.heads };
    return attentionSheets(shown.result, shown.tokens, choice, words).map((picture) => ({ picture }));
  },
};
