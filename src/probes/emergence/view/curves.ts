import { fixed, percent, whole } from '../../../views/format';
import type { Band, Curve, Measure } from '../../../views/layer-chart';
import type { EmergenceResult } from '../meta';

/** Curves of a fact kept for comparison; per row, embedding first. */
export interface OtherCurves {
  readonly key: string;
  readonly name: string;
  readonly colour: string;
  readonly depths: readonly number[];
  readonly p: ArrayLike<number>;
  readonly rank: ArrayLike<number>;
  readonly logitDiff?: ArrayLike<number>;
}

interface Names {
  readonly answer: string;
  readonly foil: string;
}

function pick(
  measure: Measure,
  source: {
    readonly p: ArrayLike<number>;
    readonly rank: ArrayLike<number>;
    readonly logitDiff?: ArrayLike<number> | undefined;
  },
): ArrayLike<number> | undefined {
  if (measure === 'rank') return source.rank;
  return measure === 'diff' ? source.logitDiff : source.p;
}

/** Everything drawn for a measure: kept facts first, then the foil, the answer on top. */
export function curvesOf(
  result: EmergenceResult,
  others: readonly OtherCurves[],
  measure: Measure,
  names: Names,
): Curve[] {
  const kept = others.flatMap((other): Curve[] => {
    const values = pick(measure, other);
    if (!values) return [];
    return [
      {
        key: other.key,
        name: other.name,
        colour: other.colour,
        dashed: false,
        depths: other.depths,
        values,
        main: false,
      },
    ];
  });
  const own = pick(measure, result);
  const foil = measure === 'diff' ? undefined : measure === 'rank' ? result.foilRank : result.foilP;
  const curve = (key: string, name: string, colour: string, dashed: boolean, values: ArrayLike<number>): Curve => ({
    key,
    name,
    colour,
    dashed,
    depths: result.rowDepth,
    values,
    main: true,
  });
  return [
    ...kept,
    ...(foil ? [curve('foil', names.foil, 'var(--foil)', true, foil)] : []),
    ...(own ? [curve('answer', names.answer, 'var(--answer)', false, own)] : []),
  ];
}

/** Mean and spread (lowest to highest) of the null, for probability only. */
export function nullBand(result: EmergenceResult, measure: Measure, name: string): Band | undefined {
  const null_ = result.null;
  if (!null_ || null_.used.length === 0 || (measure !== 'p' && measure !== 'logp')) return undefined;
  const rows = result.rowDepth.length;
  const column = (row: number): number[] => null_.used.map((_, subject) => null_.p[subject * rows + row]!);
  return {
    name,
    depths: result.rowDepth,
    low: result.rowDepth.map((_, row) => Math.min(...column(row))),
    high: result.rowDepth.map((_, row) => Math.max(...column(row))),
    mean: null_.meanP,
  };
}

/** Row before which p(answer) grows most, or undefined when it never reaches one percent. */
export function steepestRow(p: ArrayLike<number>): number | undefined {
  let best: number | undefined;
  let rise = 0;
  let highest = 0;
  for (let row = 1; row < p.length; row++) {
    highest = Math.max(highest, p[row]!);
    if (p[row]! - p[row - 1]! <= rise) continue;
    rise = p[row]! - p[row - 1]!;
    best = row;
  }
  return highest >= 0.01 ? best : undefined;
}

/** A value of a measure as text. */
export function showValue(measure: Measure, value: number): string {
  if (measure === 'rank') return `#${whole(value)}`;
  return measure === 'diff' ? fixed(value, 1) : percent(value);
}

/** The measure that can be drawn: without a foil there is no difference. */
export function shownMeasure(result: EmergenceResult, wanted: Measure): Measure {
  return wanted === 'diff' && !result.logitDiff ? 'p' : wanted;
}

const EVENTS = ['first', 'stable', 'half'] as const;

/** Events by the depth at which they happen; those that do not happen are left out. */
export function eventMarks(
  result: EmergenceResult,
): { readonly depth: number; readonly event: (typeof EVENTS)[number] }[] {
  return EVENTS.flatMap((event) => {
    const row = result.events[event];
    // Half of what does not lead at the end, or is next to nothing, is no event to look at.
    const small = event === 'half' && (result.events.stable === undefined || result.p.at(-1)! < 0.01);
    return row === undefined || small ? [] : [{ depth: result.rowDepth[row]!, event }];
  });
}
