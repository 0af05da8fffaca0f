import {
  axisFor,
  bandPath,
  bandWithinRows,
  curvePath,
  withinRows,
  type Band,
  type Curve,
  type Measure,
} from '../layer-chart';
import type { LayerRow } from '../layer-grid';
import { HEAD, MARGIN } from './frame';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';

const ROW = 26;
const LABELS = 120;
const WIDTH = 420;
const RADIUS = 3;
/** What the page's colours are on paper. */
const PAINT: Readonly<Record<string, string>> = { 'var(--answer)': PALETTE.answer, 'var(--foil)': PALETTE.foil };

/** Curves over layers as the page draws them (`LayerChart.svelte`). */
export interface LayerChartModel {
  readonly rows: readonly LayerRow[];
  readonly measure: Measure;
  /** The main ones last, as they lie above the others. */
  readonly curves: readonly Curve[];
  readonly band: Band | undefined;
  readonly marks: readonly { readonly depth: number; readonly label: string }[];
}

function dot(x: number, y: number): string {
  return `M${x - RADIUS},${y}a${RADIUS},${RADIUS} 0 1 0 ${2 * RADIUS},0a${RADIUS},${RADIUS} 0 1 0 ${-2 * RADIUS},0Z`;
}

export function layerChartScene({ rows, measure, curves, band, marks }: LayerChartModel): Picture {
  const depths = new Set(rows.map(({ depth }) => depth));
  const painted = curves.map((curve) => ({
    ...withinRows(curve, depths),
    colour: PAINT[curve.colour] ?? curve.colour,
  }));
  const left = MARGIN + LABELS;
  const axis = axisFor(
    measure,
    painted.flatMap((curve) => Array.from(curve.values)),
    WIDTH,
  );
  const x = (value: number): number => left + axis.x(value);
  const rowOf = new Map(rows.map((row, index) => [row.depth, index]));
  const y = (depth: number): number => HEAD + 8 + rowOf.get(depth)! * ROW + ROW / 2;
  const bottom = HEAD + 8 + rows.length * ROW;
  const shapes: Shape[] = rows.map((row) => ({
    kind: 'text',
    x: MARGIN,
    y: y(row.depth) + 4,
    text: row.name,
    fill: PALETTE.mute,
    size: 11,
  }));
  for (const { at, label } of axis.ticks) {
    const number = {
      x: left + at,
      y: bottom + 16,
      text: label,
      fill: PALETTE.mute,
      size: 10,
      anchor: 'middle',
    } as const;
    shapes.push(
      { kind: 'path', d: `M${left + at},${HEAD + 8}V${bottom}`, stroke: PALETTE.line },
      { kind: 'text', ...number },
    );
  }
  if (band) {
    const drawn = bandWithinRows(band, depths);
    const mean = curvePath({ depths: drawn.depths, values: drawn.mean }, x, y);
    shapes.push(
      { kind: 'path', d: bandPath(drawn, x, y), fill: PALETTE.nullBand },
      { kind: 'path', d: mean, stroke: PALETTE.null, dash: [2, 3] },
    );
  }
  for (const { depth, label } of gathered(marks.filter((mark) => depths.has(mark.depth)))) {
    shapes.push(
      { kind: 'path', d: `M${left},${y(depth)}H${left + WIDTH}`, stroke: PALETTE.answer, dash: [3, 3] },
      { kind: 'text', x: left + 2, y: y(depth) - 4, text: label, fill: PALETTE.answer, size: 10 },
    );
  }
  for (const curve of painted) {
    const stroke = curve.colour;
    const line = { d: curvePath(curve, x, y), stroke, width: curve.main ? 2.25 : 1.5 };
    shapes.push({ kind: 'path', ...line, ...(curve.dashed ? { dash: [5, 4] } : {}) });
    if (!curve.main) continue;
    curve.depths.forEach((depth, index) => {
      const value = curve.values[index]!;
      if (!Number.isFinite(value)) return;
      shapes.push({ kind: 'path', d: dot(x(value), y(depth)), stroke, fill: PALETTE.paper, width: 2 });
    });
  }
  const legend = [
    ...painted.toReversed().map(({ name, colour }) => ({ text: name, fill: colour, mono: true })),
    ...(band ? [{ text: band.name, fill: PALETTE.null }] : []),
  ];
  legend.forEach((entry, index) =>
    shapes.push({ kind: 'text', x: left, y: bottom + 36 + index * 16, size: 11, ...entry }),
  );
  return { width: LABELS + WIDTH, height: bottom - HEAD + 40 + legend.length * 16, shapes };
}

/** Several marks at one depth stand in one line. */
function gathered(marks: LayerChartModel['marks']): LayerChartModel['marks'] {
  const byDepth = new Map<number, string[]>();
  for (const { depth, label } of marks) byDepth.set(depth, [...(byDepth.get(depth) ?? []), label]);
  return [...byDepth].map(([depth, labels]) => ({ depth, label: labels.join(' · ') }));
}
