import type { Token } from '../../core/fact';
import type { EmergenceResult } from '../../probes/emergence/meta';
import { curvesOf, eventMarks, nullBand, shownMeasure, type OtherCurves } from '../../probes/emergence/view/curves';
import type { LensResult } from '../../probes/lens/meta';
import { largestKl, shaded, type Shading } from '../../probes/lens/view/shading';
import { shade } from '../../views/colour';
import { shorten, visible } from '../../views/format';
import { axisFor, bandPath, curvePath, type Measure } from '../../views/layer-chart';
import { layerRows } from '../../views/layer-rows';
import type { Words } from '../../views/words';
import { framed, HEAD, MARGIN, type Frame } from './frame';
import { PALETTE } from './palette';
import type { Scene, Shape } from './scene';

const ROW = 26;
const LABELS = 120;

interface WithLabels {
  readonly labels: Readonly<Record<number, Token>>;
}

export function lensScene(
  result: LensResult,
  { labels }: WithLabels,
  tokens: readonly Token[],
  shading: Shading,
  d_vocab: number,
  frame: Frame,
  words: Words,
): Scene {
  const { table } = result;
  const rows = layerRows(
    table.rowDepth,
    table.rowHooks,
    [
      { row: result.first, label: words('row.first') },
      { row: result.stable, label: words('row.stable') },
    ],
    words,
  );
  const width = 104;
  const klMax = largestKl(result);
  const shapes: Shape[] = [];
  table.positions.forEach((position, column) => {
    const x = MARGIN + LABELS + column * width;
    const head = shorten(visible(tokens[position]?.text ?? ''), 13);
    shapes.push({
      kind: 'text',
      x: x + width / 2,
      y: HEAD + 17,
      text: head,
      fill: PALETTE.ink,
      mono: true,
      anchor: 'middle',
    });
  });
  rows.forEach((row, screen) => {
    const y = HEAD + ROW * (screen + 1);
    const name = row.marks.length > 0 ? `${row.name} (${row.marks.join(' · ')})` : row.name;
    shapes.push({
      kind: 'text',
      x: MARGIN,
      y: y + 17,
      text: name,
      fill: row.marks.length > 0 ? PALETTE.answer : PALETTE.mute,
      size: 11,
    });
    table.positions.forEach((_, column) => {
      const cell = (rows.length - 1 - screen) * table.positions.length + column;
      const { value, number } = shaded(result, cell, shading, d_vocab, klMax);
      const colour = shade(value, 'light');
      const id = table.topIds[cell * table.k]!;
      const x = MARGIN + LABELS + column * width;
      const edge = result.answerIds.includes(id)
        ? { stroke: PALETTE.answer }
        : id === result.foilId
          ? { stroke: PALETTE.foil, dash: [4, 3] }
          : {};
      const box = { x: x + 1, y: y + 1, width: width - 2, height: ROW - 2, radius: 4 };
      shapes.push({ kind: 'rect', ...box, fill: colour.background, ...edge });
      const token = shorten(visible(labels[id]?.text ?? String(id)), 9);
      shapes.push({ kind: 'text', x: x + 7, y: y + 17, text: token, fill: colour.text, mono: true });
      shapes.push({
        kind: 'text',
        x: x + width - 7,
        y: y + 17,
        text: number,
        fill: colour.text,
        size: 10,
        anchor: 'end',
      });
    });
  });
  return framed(frame, LABELS + table.positions.length * width, ROW * (rows.length + 1), shapes);
}

const RADIUS = 3;

function dot(x: number, y: number): string {
  return `M${x - RADIUS},${y}a${RADIUS},${RADIUS} 0 1 0 ${2 * RADIUS},0a${RADIUS},${RADIUS} 0 1 0 ${-2 * RADIUS},0Z`;
}

export function emergenceScene(
  result: EmergenceResult,
  { labels }: WithLabels,
  wanted: Measure,
  kept: readonly OtherCurves[],
  frame: Frame,
  words: Words,
): Scene {
  const measure = shownMeasure(result, wanted);
  const name = (id: number | undefined): string => (id === undefined ? '' : visible(labels[id]?.text ?? String(id)));
  const names = { answer: result.answerIds.map(name).join(' | '), foil: name(result.foilId) };
  const paint: Readonly<Record<string, string>> = { 'var(--answer)': PALETTE.answer, 'var(--foil)': PALETTE.foil };
  const curves = curvesOf(result, kept, measure, names).map((curve) => ({
    ...curve,
    colour: paint[curve.colour] ?? curve.colour,
  }));
  const rows = layerRows(result.rowDepth, result.rowHooks, [], words);
  const width = 420;
  const left = MARGIN + LABELS;
  const axis = axisFor(
    measure,
    curves.flatMap((curve) => Array.from(curve.values)),
    width,
  );
  const x = (value: number): number => left + axis.x(value);
  const rowOf = new Map(rows.map((row, index) => [row.depth, index]));
  const y = (depth: number): number => HEAD + 8 + (rowOf.get(depth) ?? 0) * ROW + ROW / 2;
  const bottom = HEAD + 8 + rows.length * ROW;
  const shapes: Shape[] = rows.map((row) => ({
    kind: 'text',
    x: MARGIN,
    y: y(row.depth) + 4,
    text: row.name,
    fill: PALETTE.mute,
    size: 11,
  }));
  for (const tick of axis.ticks) {
    shapes.push({ kind: 'path', d: `M${left + tick.at},${HEAD + 8}V${bottom}`, stroke: PALETTE.line });
    shapes.push({
      kind: 'text',
      x: left + tick.at,
      y: bottom + 16,
      text: tick.label,
      fill: PALETTE.mute,
      size: 10,
      anchor: 'middle',
    });
  }
  const band = nullBand(result, measure, words('emergence.null', { count: result.null?.used.length ?? 0 }));
  if (band) {
    shapes.push({ kind: 'path', d: bandPath(band, x, y), fill: PALETTE.nullBand });
    shapes.push({
      kind: 'path',
      d: curvePath({ depths: band.depths, values: band.mean }, x, y),
      stroke: PALETTE.null,
      dash: [2, 3],
    });
  }
  const marks = new Map<number, string[]>();
  for (const { depth, event } of eventMarks(result)) {
    marks.set(depth, [...(marks.get(depth) ?? []), words(`term.${event}`)]);
  }
  for (const [depth, events] of marks) {
    shapes.push(
      { kind: 'path', d: `M${left},${y(depth)}H${left + width}`, stroke: PALETTE.answer, dash: [3, 3] },
      { kind: 'text', x: left + 2, y: y(depth) - 4, text: events.join(' · '), fill: PALETTE.answer, size: 10 },
    );
  }
  for (const curve of curves) {
    const stroke = curve.colour;
    shapes.push({
      kind: 'path',
      d: curvePath(curve, x, y),
      stroke,
      width: curve.main ? 2.25 : 1.5,
      ...(curve.dashed ? { dash: [5, 4] } : {}),
    });
    if (!curve.main) continue;
    curve.depths.forEach((depth, index) => {
      const value = curve.values[index]!;
      if (!Number.isFinite(value)) return;
      shapes.push({ kind: 'path', d: dot(x(value), y(depth)), stroke, fill: PALETTE.paper, width: 2 });
    });
  }
  const legend = [
    ...[...curves].reverse().map((curve) => ({ text: curve.name, fill: curve.colour, mono: true })),
    ...(band ? [{ text: band.name, fill: PALETTE.null }] : []),
  ];
  legend.forEach((entry, index) =>
    shapes.push({ kind: 'text', x: left, y: bottom + 36 + index * 16, size: 11, ...entry }),
  );
  return framed(frame, LABELS + width, bottom - HEAD + 40 + legend.length * 16, shapes);
}
