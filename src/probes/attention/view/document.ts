import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import type { AttentionSettings } from './settings';
import type { AttentionResult } from '../meta';
import { headMap, shownVariant } from './reading';
import { attentionScene, attentionSheets } from './scene';
import { headTitle, shownHead, subjectSentence } from './sentences';
import { headsTable, patternTable } from './table';

export const document: FigureDocument<AttentionSettings, AttentionResult> = {
  sentence: ({ shown }, words) => subjectSentence(shown.result, shown.tokens, words),
  tables({ shown: { result, tokens }, settings, context }, words) {
    const variant = shownVariant(result, settings.variant);
    const chosen = shownHead(result, context.selection.head);
    const does = context.heads.does;
    return [
      { table: headsTable(result, tokens, does, settings.variant, words) },
      {
        name: `${words('attention.pattern')}, ${headTitle(chosen, variant, words)}`,
        table: patternTable(result, tokens, chosen, variant, words),
        result: {
          ...chosen,
          variant,
          tokens,
          pattern: headMap(result, result.layers.indexOf(chosen.layer), chosen.head, variant),
        },
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
