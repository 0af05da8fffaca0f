import { emergence } from '../../core/emergence';
import { answerIds, answerPosition, foilId } from '../../core/fact';
import type { ProbeCompute } from '../../core/probe';
import { lensCell } from '../../core/run';
import { bestRanks, summedProbs } from '../../core/targets';
import type { LensOptions, LensResult } from './meta';

export const compute: ProbeCompute<LensOptions, LensResult> = ({ prepared }, traces) => {
  const table = traces[0]!.lens!;
  const ids = answerIds(prepared!);
  const foil = foilId(prepared!);
  const answerProbs = summedProbs(table, ids);
  const answerRanks = bestRanks(table, ids);
  const answerColumn = table.positions.indexOf(answerPosition(prepared!));
  const column = table.rowDepth.map((_, row) => lensCell(table, row, answerColumn));
  const { first, stable } = emergence(
    column.map((cell) => answerProbs[cell]!),
    column.map((cell) => answerRanks[cell]!),
  );
  return {
    table,
    answerColumn,
    answerIds: ids,
    ...(foil === undefined ? {} : { foilId: foil }),
    answerProbs,
    answerRanks,
    ...(first === undefined ? {} : { first }),
    ...(stable === undefined ? {} : { stable }),
    tokenIds: Int32Array.from(new Set([...table.topIds, ...table.targets])),
  };
};
