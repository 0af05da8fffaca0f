import { bits, cellPercent, fixed, percent, whole } from '../../../views/format';
import type { LensResult } from '../meta';

export const SHADINGS = ['p', 'rank', 'entropy', 'kl'] as const;
export type Shading = (typeof SHADINGS)[number];

export interface Shaded {
  /** [0, 1], dark = much of what is shown (for rank: near the top). */
  readonly value: number;
  readonly number: string;
}

function shortRank(rank: number): string {
  if (rank < 1000) return whole(rank);
  return rank < 9950 ? `${fixed(rank / 1000, 1)}k` : `${fixed(rank / 1000, 0)}k`;
}

/** Largest finite divergence of the table, in bits; the dark end of the KL shade. */
export function largestKl(result: LensResult): number {
  return result.table.klBits.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, value) : max), 1);
}

/** Shade and number of one cell. `cell` is `row * positions + column`; `klMax` from {@link largestKl}. */
export function shaded(result: LensResult, cell: number, shading: Shading, d_vocab: number, klMax: number): Shaded {
  const { table } = result;
  switch (shading) {
    case 'p': {
      const p = table.topProbs[cell * table.k]!;
      return { value: p, number: cellPercent(p) };
    }
    case 'rank': {
      const rank = result.answerRanks[cell]!;
      return { value: 1 - Math.log(rank) / Math.log(d_vocab), number: shortRank(rank) };
    }
    case 'entropy': {
      const entropy = table.entropyBits[cell]!;
      return { value: entropy / Math.log2(d_vocab), number: fixed(entropy, 1) };
    }
    case 'kl': {
      const kl = table.klBits[cell]!;
      return { value: kl / klMax, number: Number.isFinite(kl) ? fixed(kl, 1) : '∞' };
    }
  }
}

/** What the two ends of the shade stand for. */
export function scaleEnds(shading: Shading, d_vocab: number, klMax: number): readonly [string, string] {
  switch (shading) {
    case 'p':
      return [percent(0), percent(1)];
    case 'rank':
      return [shortRank(d_vocab), whole(1)];
    case 'entropy':
      return [whole(0), bits(Math.log2(d_vocab), 0)];
    case 'kl':
      return [whole(0), bits(klMax, 1)];
  }
}
