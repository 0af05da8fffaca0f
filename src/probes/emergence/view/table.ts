import { depthName } from '../../../views/layer-rows';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';
import type { EmergenceResult } from '../meta';

const DIGITS = 4;

/** The curves as rows, output first; columns that do not exist here are left out. */
export function emergenceTable(result: EmergenceResult, words: Words): TableData {
  const columns: readonly (readonly [string, ArrayLike<number> | undefined])[] = [
    [words('emergence.table.p'), result.p],
    [words('emergence.table.rank'), result.rank],
    [words('emergence.table.foil'), result.foilP],
    [words('emergence.table.diff'), result.logitDiff],
    [words('emergence.table.null'), result.null?.meanP],
    [words('lens.table.entropy'), result.entropyBits],
    [words('lens.table.kl'), result.klBits],
  ];
  const present = columns.filter((column): column is readonly [string, ArrayLike<number>] => column[1] !== undefined);
  return {
    caption: words('emergence.name'),
    columns: [words('lens.table.layer'), ...present.map(([name]) => name)],
    rows: result.rowDepth
      .map((depth, row) => [
        depthName(depth, words),
        ...present.map(([, values]) => Number(values[row]!.toPrecision(DIGITS))),
      ])
      .reverse(),
  };
}
