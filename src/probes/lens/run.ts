import { emergence } from '../../core/emergence';
import { answerIds, answerPosition, foilId, shownToken } from '../../core/fact';
import type { ProbeInput, ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import { lensCell, type RunSpec, type Trace } from '../../core/run';
import { bestRanks, summedProbs } from '../../core/targets';
import type { LensOptions, LensResult } from './meta';

type Input = ProbeInput<LensOptions>;

/** Every position, with the answers and the foil as targets. */
export function plan({ prepared, options }: Pick<Input, 'prepared' | 'options'>): RunSpec {
  const foil = foilId(prepared!);
  const targets = [...answerIds(prepared!), ...(foil === undefined ? [] : [foil])];
  return {
    tokens: prepared!.tokens.map((token) => token.id),
    interventions: [],
    captures: [],
    lens: { positions: 'all', midLayers: options.midLayers, k: options.k, targets: [...new Set(targets)] },
  };
}

export function read({ prepared }: Pick<Input, 'prepared'>, trace: Trace): LensResult {
  const table = trace.lens!;
  const ids = answerIds(prepared!);
  const foil = foilId(prepared!);
  const answerProbs = summedProbs(table, ids);
  const answerRanks = bestRanks(table, ids);
  const answerColumn = table.positions.indexOf(answerPosition(prepared!));
  const column = table.rowDepth.map((_, row) => lensCell(table, row, answerColumn));
  const { first, stable } = emergence(
    column.map((cell) => answerProbs[cell]!),
    column.map((cell) => answerRanks[cell]!),
    table.rowDepth,
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
}

export const run: ProbeRun<LensOptions, never, LensResult> = async function* (lab, input) {
  return read(input, await lab.run(plan(input)));
};

/** A row for each cell, bottom row first. */
export const report: ProbeReport<LensResult> = ({ table, answerProbs, answerRanks, first, stable }, labels) => ({
  first,
  stable,
  rows: table.rowDepth.flatMap((depth, row) =>
    table.positions.map((position, column) => {
      const cell = lensCell(table, row, column);
      const top = table.topIds[cell * table.k]!;
      return {
        depth,
        position,
        p: answerProbs[cell]!,
        rank: answerRanks[cell]!,
        top: shownToken(labels, top).text,
        topId: top,
        topP: table.topProbs[cell * table.k]!,
        entropyBits: table.entropyBits[cell]!,
        klBits: table.klBits[cell]!,
      };
    }),
  ),
});
