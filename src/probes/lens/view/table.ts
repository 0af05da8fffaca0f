import type { Token } from '../../../core/fact';
import { visible } from '../../../views/format';
import { depthName } from '../../../views/layer-rows';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';
import type { LensResult } from '../meta';

const DIGITS = 4;
const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** The whole lens as rows, the answer's column first, output first. */
export function lensTable(
  result: LensResult,
  labels: Readonly<Record<number, Token>>,
  tokens: readonly Token[],
  words: Words,
): TableData {
  const { table } = result;
  const order = table.positions
    .map((_, column) => column)
    .sort((a, b) => {
      if (a === result.answerColumn) return -1;
      return b === result.answerColumn ? 1 : a - b;
    });
  const rows = order.flatMap((column) =>
    table.rowDepth
      .map((depth, row) => {
        const cell = row * table.positions.length + column;
        const id = table.topIds[cell * table.k]!;
        return [
          depthName(depth, words),
          table.positions[column]!,
          visible(tokens[table.positions[column]!]?.text ?? ''),
          visible(labels[id]?.text ?? String(id)),
          rounded(table.topProbs[cell * table.k]!),
          rounded(result.answerProbs[cell]!),
          result.answerRanks[cell]!,
          rounded(table.entropyBits[cell]!),
          rounded(table.klBits[cell]!),
        ];
      })
      .reverse(),
  );
  return {
    caption: words('lens.name'),
    columns: [
      words('lens.table.layer'),
      words('lens.table.position'),
      words('lens.table.token'),
      words('lens.table.top'),
      words('lens.table.p'),
      words('lens.table.answerP'),
      words('lens.table.rank'),
      words('lens.table.entropy'),
      words('lens.table.kl'),
    ],
    rows,
  };
}
