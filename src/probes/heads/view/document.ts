import type { FigureDocument } from '../../../views/figure-entry';
import { percent } from '../../../views/format';
import { HEAD_KINDS, type HeadsResult } from '../meta';

const DIGITS = 4;

export const document: FigureDocument<object, HeadsResult> = {
  sentence({ shown: { result } }, words) {
    const best = result.labels.reduce((top, label, at) => (label.score > result.labels[top]!.score ? at : top), 0);
    const { kind, score } = result.labels[best]!;
    if (kind === 'none') return words('heads.sentence.none');
    return words('heads.sentence', {
      layer: result.layers[Math.floor(best / result.n_heads)]! + 1,
      head: (best % result.n_heads) + 1,
      kind: words(`heads.kind.${kind}`),
      score: percent(score),
    });
  },
  tables: ({ shown: { result } }, words) => [
    {
      table: {
        caption: words('heads.name'),
        fromOne: [0, 1],
        columns: [
          words('attention.table.layer'),
          words('attention.table.head'),
          words('attention.table.label'),
          ...HEAD_KINDS.map((kind) => words(`heads.kind.${kind}`)),
        ],
        rows: result.labels.map(({ kind }, at) => [
          result.layers[Math.floor(at / result.n_heads)]! + 1,
          (at % result.n_heads) + 1,
          kind === 'none' ? '' : words(`attention.does.${kind}`),
          ...HEAD_KINDS.map((name) => Number(result[name][at]!.toPrecision(DIGITS))),
        ]),
      },
    },
  ],
};
