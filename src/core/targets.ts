import type { LensTable } from './run';

/** Index among the table's targets of each id. The plan put them there; a missing one is a programming error. */
function targetIndexes(table: LensTable, ids: readonly number[]): number[] {
  return ids.map((id) => {
    const index = table.targets.indexOf(id);
    if (index < 0) throw new RangeError(`token ${id} is not a target of this lens table`);
    return index;
  });
}

/** `[R, P]` the probabilities of several targets added up. */
export function summedProbs(table: LensTable, ids: readonly number[]): Float32Array {
  const indexes = targetIndexes(table, ids);
  const width = table.targets.length;
  return Float32Array.from({ length: table.rowDepth.length * table.positions.length }, (_, cell) =>
    indexes.reduce((sum, index) => sum + table.targetProbs[cell * width + index]!, 0),
  );
}

/** `[R, P]` the best (smallest) rank of several targets, from 1. */
export function bestRanks(table: LensTable, ids: readonly number[]): Int32Array {
  const indexes = targetIndexes(table, ids);
  const width = table.targets.length;
  return Int32Array.from({ length: table.rowDepth.length * table.positions.length }, (_, cell) =>
    indexes.reduce((best, index) => Math.min(best, table.targetRanks[cell * width + index]!), 0x7fffffff),
  );
}

/** `[R, P]` the largest logit of several targets. */
export function bestLogits(table: LensTable, ids: readonly number[]): Float32Array {
  const indexes = targetIndexes(table, ids);
  const width = table.targets.length;
  return Float32Array.from({ length: table.rowDepth.length * table.positions.length }, (_, cell) =>
    indexes.reduce((best, index) => Math.max(best, table.targetLogits[cell * width + index]!), -Infinity),
  );
}
