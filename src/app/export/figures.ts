import type { PreparedFact, Token } from '../../core/fact';
import type { GeneratedToken } from '../../core/model-api';
import type { AttentionResult } from '../../probes/attention/meta';
import { darkest, headMap, type Variant } from '../../probes/attention/view/reading';
import type { EmergenceResult } from '../../probes/emergence/meta';
import { curvesOf, nullBand, type OtherCurves } from '../../probes/emergence/view/curves';
import type { LensResult } from '../../probes/lens/meta';
import { largestKl, shaded, type Shading } from '../../probes/lens/view/shading';
import { shade } from '../../views/colour';
import { percent, shorten, visible } from '../../views/format';
import { axisFor, bandPath, curvePath, type Measure } from '../../views/layer-chart';
import { layerRows } from '../../views/layer-rows';
import type { Words } from '../../views/words';
import { PALETTE } from './palette';
import type { Scene, Shape } from './scene';

const MARGIN = 20;
const HEAD = 64;
const ROW = 26;
const LABELS = 120;
const FOOT = 24;

/** What stands above and below every exported figure. */
export interface Frame {
  readonly title: string;
  readonly fact: string;
  /** Model, precision, backend, version: one line. */
  readonly source: string;
}

function framed(frame: Frame, width: number, height: number, shapes: readonly Shape[]): Scene {
  const full = { width: Math.max(width, 420) + 2 * MARGIN, height: height + HEAD + FOOT + MARGIN };
  const text = (y: number, content: string, fill: string, size: number, bold = false): Shape => ({
    kind: 'text',
    x: MARGIN,
    y,
    text: content,
    fill,
    size,
    bold,
  });
  return {
    ...full,
    background: PALETTE.paper,
    shapes: [
      text(28, frame.title, PALETTE.ink, 15, true),
      text(48, shorten(frame.fact, Math.floor(full.width / 7)), PALETTE.mute, 12),
      ...shapes,
      text(full.height - 12, frame.source, PALETTE.mute, 9),
    ],
  };
}

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
    const name = row.mark ? `${row.name} (${row.mark})` : row.name;
    shapes.push({
      kind: 'text',
      x: MARGIN,
      y: y + 17,
      text: name,
      fill: row.mark ? PALETTE.answer : PALETTE.mute,
      size: 11,
    });
    table.positions.forEach((_, column) => {
      const cell = (rows.length - 1 - screen) * table.positions.length + column;
      const { value, number } = shaded(result, cell, shading, d_vocab, klMax);
      const colour = shade(value, 'light');
      const id = table.topIds[cell * table.k]!;
      const x = MARGIN + LABELS + column * width;
      const edge = result.answerIds.includes(id) ? PALETTE.answer : id === result.foilId ? PALETTE.foil : undefined;
      const box = { x: x + 1, y: y + 1, width: width - 2, height: ROW - 2, radius: 4 };
      shapes.push({ kind: 'rect', ...box, fill: colour.background, ...(edge ? { stroke: edge } : {}) });
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

export function emergenceScene(
  result: EmergenceResult,
  { labels }: WithLabels,
  measure: Measure,
  kept: readonly OtherCurves[],
  frame: Frame,
  words: Words,
): Scene {
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
  for (const curve of curves) {
    shapes.push({
      kind: 'path',
      d: curvePath(curve, x, y),
      stroke: curve.colour,
      width: curve.main ? 2.25 : 1.5,
      ...(curve.dashed ? { dash: [5, 4] } : {}),
    });
  }
  const legend = [
    ...curves.map((curve) => ({ text: curve.name, fill: curve.colour })),
    ...(band ? [{ text: band.name, fill: PALETTE.null }] : []),
  ];
  legend
    .reverse()
    .forEach((entry, index) =>
      shapes.push({ kind: 'text', x: left, y: bottom + 36 + index * 16, size: 11, mono: true, ...entry }),
    );
  return framed(frame, LABELS + width, bottom - HEAD + 40 + legend.length * 16, shapes);
}

function mapShapes(map: Float32Array, size: number, max: number, x: number, y: number, side: number): Shape[] {
  const step = side / size;
  const shapes: Shape[] = [];
  for (let dest = 0; dest < size; dest++) {
    for (let src = 0; src <= dest; src++) {
      const fill = shade(map[dest * size + src]! / max, 'light').background;
      shapes.push({ kind: 'rect', x: x + src * step, y: y + dest * step, width: step, height: step, fill });
    }
  }
  return shapes;
}

/** Beyond this many positions a wall of maps as single rectangles would be a file of tens of megabytes. */
const MOST_POSITIONS_IN_WALL = 24;

export function attentionScene(
  result: AttentionResult,
  tokens: readonly Token[],
  chosen: { readonly layer: number; readonly head: number },
  variant: Variant,
  frame: Frame,
  words: Words,
): Scene {
  const T = result.n_positions;
  const heads = variant === 'rollout' ? 1 : result.n_heads;
  const side = 58;
  const gap = 8;
  const shapes: Shape[] = [];
  const wall = T <= MOST_POSITIONS_IN_WALL;
  const wallWidth = wall ? 30 + heads * (side + gap) : 0;
  if (wall) {
    result.layers.forEach((layer, row) => {
      const y = HEAD + (result.layers.length - 1 - row) * (side + gap);
      shapes.push({ kind: 'text', x: MARGIN, y: y + side / 2 + 4, text: String(layer + 1), fill: PALETTE.mute });
      for (let head = 0; head < heads; head++) {
        const map = headMap(result, row, head, variant);
        const x = MARGIN + 30 + head * (side + gap);
        const isChosen = layer === chosen.layer && (head === chosen.head || variant === 'rollout');
        if (isChosen)
          shapes.push({
            kind: 'rect',
            x: x - 3,
            y: y - 3,
            width: side + 6,
            height: side + 6,
            fill: PALETTE.paper,
            stroke: PALETTE.act,
            radius: 3,
          });
        shapes.push(...mapShapes(map, T, darkest(map, variant), x, y, side));
      }
    });
  }
  const large = Math.min(560, Math.max(220, T * 34));
  const left = MARGIN + wallWidth + (wall ? 30 : 0) + 100;
  const row = Math.max(0, result.layers.indexOf(chosen.layer));
  const map = headMap(result, row, chosen.head, variant);
  const title =
    variant === 'rollout'
      ? words('attention.rolloutTitle', { layer: chosen.layer + 1 })
      : words('attention.headTitle', { layer: chosen.layer + 1, head: chosen.head + 1 });
  shapes.push({ kind: 'text', x: left, y: HEAD + 10, text: title, fill: PALETTE.ink, bold: true });
  shapes.push(...mapShapes(map, T, darkest(map, variant), left, HEAD + 22, large));
  const step = large / T;
  if (step >= 11) {
    tokens.forEach((token, position) => {
      const y = HEAD + 22 + (position + 0.5) * step + 4;
      shapes.push({
        kind: 'text',
        x: left - 6,
        y,
        text: shorten(visible(token.text), 13),
        fill: PALETTE.ink,
        size: 11,
        mono: true,
        anchor: 'end',
      });
    });
  }
  const height = Math.max(wall ? result.layers.length * (side + gap) : 0, large + 30);
  return framed(frame, left - MARGIN + large, height, shapes);
}

export function continuationScene(prompt: string, steps: readonly GeneratedToken[], frame: Frame): Scene {
  const shapes: Shape[] = [
    { kind: 'text', x: MARGIN, y: HEAD + 14, text: shorten(prompt, 90), fill: PALETTE.mute, mono: true },
  ];
  steps.forEach((step, index) => {
    const y = HEAD + 28 + index * 22;
    const colour = shade(step.probability, 'light');
    shapes.push({ kind: 'rect', x: MARGIN, y, width: 130, height: 20, fill: colour.background, radius: 4 });
    shapes.push({
      kind: 'text',
      x: MARGIN + 6,
      y: y + 14,
      text: shorten(visible(step.token.text), 14),
      fill: colour.text,
      mono: true,
    });
    const others = step.alternatives.map(({ token, probability }) => `${visible(token.text)} ${percent(probability)}`);
    shapes.push({
      kind: 'text',
      x: MARGIN + 142,
      y: y + 14,
      text: others.slice(0, 5).join('   '),
      fill: PALETTE.mute,
      size: 11,
      mono: true,
    });
  });
  return framed(frame, 760, 32 + steps.length * 22, shapes);
}

/** The fact in one line, as it stands under a figure's title. */
export function factLine(prepared: PreparedFact | undefined): string {
  if (!prepared) return '';
  const { fact } = prepared;
  const answers = fact.answers.length > 0 ? ` → ${fact.answers.join(' | ')}` : '';
  return fact.prompt.replace(/\s+/g, ' ') + answers + (fact.foil ? ` (foil: ${fact.foil})` : '');
}
