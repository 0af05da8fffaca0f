/**
 * At which depth an answer appears (docs/definitions.md, “Emergence”). Rows count from 0 = the embedding row; after
 * layer l counts from 1. Undefined when the event never happens.
 */
export interface Emergence {
  /** First row whose top-1 token is an accepted answer. */
  readonly first: number | undefined;
  /** First row from which top-1 is an accepted answer in every later row. */
  readonly stable: number | undefined;
  /** First row whose p(answer) reaches half its final value. */
  readonly half: number | undefined;
  /** First row with an accepted answer among the top 10. */
  readonly top10: number | undefined;
}

const TOP = 10;

/**
 * @param p `[R]` p(answer) per row, embedding first (accepted first tokens' probabilities added up).
 * @param rank `[R]` best rank of an accepted answer per row, from 1.
 * @param depths `[R]` layers done per row. Rows in the middle of a layer are passed over: events are of whole layers, the
 * same whether or not such rows are shown. Absent: every row is a layer.
 */
export function emergence(
  p: ArrayLike<number>,
  rank: ArrayLike<number>,
  depths: ArrayLike<number> = Array.from(rank, (_, row) => row),
): Emergence {
  const rows = Array.from(rank, (_, row) => row).filter((row) => Number.isInteger(depths[row]));
  const find = (test: (row: number) => boolean): number | undefined => rows.find(test);
  const lastWrong = rows.findLastIndex((row) => rank[row] !== 1);
  const final = p[p.length - 1] ?? 0;
  return {
    first: find((row) => rank[row] === 1),
    stable: rows[lastWrong + 1],
    half: final > 0 ? find((row) => p[row]! >= final / 2) : undefined,
    top10: find((row) => rank[row]! <= TOP),
  };
}
