import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { tick, tickPercent, whole } from './format';

/** What a curve over layers is drawn in. */
import type { Measure } from './measures';

export type { Measure };

/** One curve: a value per row, in the order of `depths` (embedding first). */
export interface Curve {
  readonly key: string;
  readonly name: string;
  /** CSS colour. */
  readonly colour: string;
  readonly dashed: boolean;
  readonly depths: readonly number[];
  readonly values: ArrayLike<number>;
  /** Drawn heavier, with points. */
  readonly main: boolean;
}

/** A range per row, e.g. the spread of the null. */
export interface Band {
  readonly name: string;
  readonly depths: readonly number[];
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
}

export interface Axis {
  /** Pixel of a value between 0 and `width`. */
  readonly x: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** The log axis reaches down to here at least … */
const LOG_FLOOR = 1e-4;
/** … and at most to here; what is smaller sits at the left edge. */
const LOG_DEPTH = 1e-12;
const LOG_TICKS = 5;

/** Powers of ten from the smallest value drawn up to 1, as many as there is room for. */
function decades(values: readonly number[]): number[] {
  const smallest = values.reduce((least, value) => (value > 0 && value < least ? value : least), LOG_FLOOR);
  const lowest = Math.floor(Math.log10(Math.max(smallest, LOG_DEPTH)) + 1e-9);
  const step = Math.ceil(-lowest / (LOG_TICKS - 1));
  const count = Math.ceil(-lowest / step);
  return Array.from({ length: count + 1 }, (_, nth) => 10 ** ((nth - count) * step));
}

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';
/** A power of ten in percent; written out, a small one would run into its neighbours. */
function decadeLabel(probability: number): string {
  if (probability > LOG_FLOOR / 2) return tickPercent(probability);
  const exponent = Math.round(-Math.log10(probability)) - 2;
  return `10⁻${[...String(exponent)].map((digit) => RAISED[Number(digit)]).join('')}%`;
}

/** The horizontal axis for a measure; `values` are all values drawn. Rank 1 is on the right, where certainty is. */
export function axisFor(measure: Measure, values: readonly number[], width: number): Axis {
  if (measure === 'p') {
    const scale = scaleLinear([0, 1], [0, width]);
    return {
      x: (value) => scale(value),
      ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at: scale(at), label: tickPercent(at) })),
    };
  }
  if (measure === 'logp') {
    const marks = decades(values);
    const floor = marks[0]!;
    const scale = scaleLog([floor, 1], [0, width]).clamp(true);
    const ticks = marks.map((at) => ({ at: scale(at), label: decadeLabel(at) }));
    return { x: (value) => scale(Math.max(value, floor)), ticks };
  }
  if (measure === 'rank') {
    const worst = 10 ** Math.max(1, Math.ceil(Math.log10(Math.max(...values, 2))));
    const scale = scaleLog([worst, 1], [0, width]).clamp(true);
    const ticks: { at: number; label: string }[] = [];
    for (let rank = 1; rank <= worst; rank *= 10) ticks.push({ at: scale(rank), label: whole(rank) });
    return { x: (value) => scale(value), ticks: ticks.reverse() };
  }
  const reach = Math.max(1, ...values.map(Math.abs));
  const scale = scaleLinear([-reach, reach], [0, width]).nice();
  return { x: (value) => scale(value), ticks: scale.ticks(5).map((at) => ({ at: scale(at), label: tick(at) })) };
}

/** A curve at the depths that have a row: one kept from a deeper model has more. */
export function withinRows<Drawn extends Pick<Curve, 'depths' | 'values'>>(
  curve: Drawn,
  rows: ReadonlySet<number>,
): Drawn {
  const there = curve.depths.map((_, index) => index).filter((index) => rows.has(curve.depths[index]!));
  return {
    ...curve,
    depths: there.map((index) => curve.depths[index]!),
    values: there.map((index) => curve.values[index]!),
  };
}

/** The same of a band. */
export function bandWithinRows(band: Band, rows: ReadonlySet<number>): Band {
  const { depths } = band;
  const of = (values: ArrayLike<number>): ArrayLike<number> => withinRows({ depths, values }, rows).values;
  return {
    ...band,
    depths: depths.filter((depth) => rows.has(depth)),
    low: of(band.low),
    high: of(band.high),
    mean: of(band.mean),
  };
}

/** SVG path through the points of a curve; undefined values break it. */
export function curvePath(curve: Pick<Curve, 'depths' | 'values'>, x: Axis['x'], y: (depth: number) => number): string {
  const path = line<number>()
    .defined((index) => Number.isFinite(curve.values[index]))
    .x((index) => x(curve.values[index]!))
    .y((index) => y(curve.depths[index]!));
  return path(curve.depths.map((_, index) => index)) ?? '';
}

/** SVG path round a band. */
export function bandPath(band: Band, x: Axis['x'], y: (depth: number) => number): string {
  const up = band.depths.map((depth, index) => [x(band.high[index]!), y(depth)] as const);
  const down = band.depths.map((depth, index) => [x(band.low[index]!), y(depth)] as const).reverse();
  return `M${[...up, ...down].map(([px, py]) => `${px.toFixed(2)},${py.toFixed(2)}`).join('L')}Z`;
}
