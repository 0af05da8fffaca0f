import type { Token } from '../../../core/fact';
import { visible } from '../../../views/format';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { headMap, mostSeen, type Variant } from './reading';

const DIGITS = 4;

/** One row per head: what it does, how much of the last token's attention the subject gets, where that token looks. */
export function attentionTable(
  result: AttentionResult,
  tokens: readonly Token[],
  does: (layer: number, head: number) => string,
  variant: Variant,
  words: Words,
): TableData {
  const rows = result.layers.flatMap((layer, row) =>
    Array.from({ length: result.n_heads }, (_, head) => {
      const top = mostSeen(headMap(result, row, head, variant), result.dest, result.n_positions);
      return [
        `${layer + 1}.${head + 1}`,
        does(layer, head),
        Number(result.subjectShareByHead[row * result.n_heads + head]!.toPrecision(DIGITS)),
        visible(tokens[top.src]?.text ?? ''),
        Number(top.value.toPrecision(DIGITS)),
      ];
    }),
  );
  return {
    caption: words('attention.name'),
    columns: [
      words('attention.table.head'),
      words('attention.table.label'),
      words('attention.table.subject'),
      words('attention.table.top'),
      words('attention.table.share'),
    ],
    rows,
  };
}
