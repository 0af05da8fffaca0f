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
 * @param p `[L+1]` p(answer) per row, embedding first (accepted first tokens' probabilities added up).
 * @param rank `[L+1]` best rank of an accepted answer per row, from 1.
 */
export function emergence(p: ArrayLike<number>, rank: ArrayLike<number>): Emergence {
  const rows = Array.from(rank);
  const find = (test: (row: number) => boolean): number | undefined => {
    const at = rows.findIndex((_, row) => test(row));
    return at < 0 ? undefined : at;
  };
  const lastWrong = rows.findLastIndex((value) => value !== 1);
  const final = p[p.length - 1] ?? 0;
  return {
    first: find((row) => rank[row] === 1),
    stable: lastWrong === rows.length - 1 ? undefined : lastWrong + 1,
    half: final > 0 ? find((row) => p[row]! >= final / 2) : undefined,
    top10: find((row) => rank[row]! <= TOP),
  };
}
