import type { Emergence } from './emergence';

/** One model's answer to a fact over R rows, embedding first; what the precision ruler lays beside another's. */
export interface RulerCurve {
  readonly n_layers: number;
  /** `[R]` completed layers per row, rising, 0 … n_layers. */
  readonly depths: readonly number[];
  /** `[R]` p(answer). */
  readonly p: ArrayLike<number>;
  /** `[R]` best rank of an accepted answer, from 1. */
  readonly rank: ArrayLike<number>;
  /** Rows, as {@link Emergence} counts them. */
  readonly events: Pick<Emergence, 'first' | 'stable'>;
}

/** Where an event happens in the two models; differences are second minus first, undefined where it never happens. */
export interface Shift {
  /** Completed layers, 0 = embedding. */
  readonly depth: readonly [number | undefined, number | undefined];
  readonly layers: number | undefined;
  /** In parts of the models' depth, −1 … 1. */
  readonly relative: number | undefined;
}

/** The two models at one depth. */
export interface RulerRow {
  /** Completed layers / n_layers, 0 … 1. */
  readonly relative: number;
  /** The same in each model's layers; a fraction where this depth lies between two of its rows. */
  readonly depth: readonly [number, number];
  /** p(answer), between two rows on the straight line that is drawn between them; undefined outside the curve. */
  readonly p: readonly [number | undefined, number | undefined];
  /** Undefined where the model has no row at this depth. */
  readonly rank: readonly [number | undefined, number | undefined];
  /** Second minus first. */
  readonly difference: number | undefined;
}

export interface RulerNumbers {
  /** True when layer l of one can be laid beside layer l of the other; else relative depth is compared. */
  readonly sameLayers: boolean;
  readonly first: Shift;
  readonly stable: Shift;
  /** Embedding first; every row of either model. */
  readonly rows: readonly RulerRow[];
  /** The row with the largest |difference| of p; of equals the earliest. Undefined when the curves share no depth. */
  readonly gap: (RulerRow & { readonly difference: number }) | undefined;
  /** At the output; second minus first. */
  readonly final: { readonly p: number; readonly rank: number };
}

/** Depths closer than this are the same one. */
const SAME = 1e-9;

export function relativeDepth(depth: number, n_layers: number): number {
  return n_layers > 0 ? depth / n_layers : 1;
}

const relativeDepths = ({ depths, n_layers }: RulerCurve): number[] =>
  depths.map((depth) => relativeDepth(depth, n_layers));

function rowAt(depths: readonly number[], relative: number): number | undefined {
  const row = depths.findIndex((depth) => Math.abs(depth - relative) <= SAME);
  return row < 0 ? undefined : row;
}

function pAt(curve: RulerCurve, depths: readonly number[], relative: number): number | undefined {
  const row = rowAt(depths, relative);
  if (row !== undefined) return curve.p[row];
  const above = depths.findIndex((depth) => depth > relative);
  if (above <= 0) return undefined;
  const low = depths[above - 1]!;
  const share = (relative - low) / (depths[above]! - low);
  return curve.p[above - 1]! + share * (curve.p[above]! - curve.p[above - 1]!);
}

function union(a: readonly number[], b: readonly number[]): number[] {
  const sorted = [...a, ...b].sort((one, other) => one - other);
  return sorted.filter((depth, index) => index === 0 || depth - sorted[index - 1]! > SAME);
}

/** Both curves are straight between rows, so they differ most at a row of one of them: no depth in between is missed. */
function rulerRows(curves: readonly [RulerCurve, RulerCurve]): RulerRow[] {
  const depths = [relativeDepths(curves[0]), relativeDepths(curves[1])] as const;
  return union(...depths).map((relative): RulerRow => {
    const side = (which: 0 | 1) => {
      const curve = curves[which];
      const row = rowAt(depths[which], relative);
      return {
        // A row's own depth is a whole number; the way over the relative one would blur it.
        depth: row === undefined ? relative * curve.n_layers : curve.depths[row]!,
        p: pAt(curve, depths[which], relative),
        rank: row === undefined ? undefined : curve.rank[row],
      };
    };
    const [a, b] = [side(0), side(1)];
    return {
      relative,
      depth: [a.depth, b.depth],
      p: [a.p, b.p],
      rank: [a.rank, b.rank],
      difference: a.p === undefined || b.p === undefined ? undefined : b.p - a.p,
    };
  });
}

function largestGap(rows: readonly RulerRow[]): RulerNumbers['gap'] {
  let largest: RulerNumbers['gap'];
  for (const row of rows) {
    const { difference } = row;
    if (difference === undefined) continue;
    if (!largest || Math.abs(difference) > Math.abs(largest.difference)) largest = { ...row, difference };
  }
  return largest;
}

function shiftOf(event: 'first' | 'stable', [a, b]: readonly [RulerCurve, RulerCurve]): Shift {
  const depthOf = (curve: RulerCurve): number | undefined => {
    const row = curve.events[event];
    return row === undefined ? undefined : curve.depths[row];
  };
  const [from, to] = [depthOf(a), depthOf(b)];
  const both = from !== undefined && to !== undefined;
  return {
    depth: [from, to],
    layers: both ? to - from : undefined,
    relative: both ? relativeDepth(to, b.n_layers) - relativeDepth(from, a.n_layers) : undefined,
  };
}

const last = (values: ArrayLike<number>): number => values[values.length - 1]!;

/** Lays one model's answer beside another's (docs/definitions.md, “Emergence”); every difference is `second` minus `first`. */
export function measureRuler(first: RulerCurve, second: RulerCurve): RulerNumbers {
  const curves = [first, second] as const;
  const rows = rulerRows(curves);
  return {
    sameLayers: first.n_layers === second.n_layers,
    first: shiftOf('first', curves),
    stable: shiftOf('stable', curves),
    rows,
    gap: largestGap(rows),
    final: { p: last(second.p) - last(first.p), rank: last(second.rank) - last(first.rank) },
  };
}
