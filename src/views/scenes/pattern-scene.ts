import type { Token } from '../../core/fact';
import { arcLayout, TOKEN_HEIGHT } from '../arc-layout';
import { shade } from '../colour';
import { shorten, visible } from '../format';
import { mapSteps } from './map-steps';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';
import { tokenLabel, type Corner } from './words-scene';

/** Prompts with more tokens than this are drawn as a map, without numbers. */
const MOST_CELLS = 24;
const MAP_SIDE = 560;
const LABELS = 104;
const HEADS = 20;
const CELL_HEIGHT = 26;
/** Monospace columns of text at 11 pixels. */
const COLUMN = 6.65;

/** One head, as the page draws it (`PatternMatrix.svelte`, `PatternArcs.svelte`). */
export interface PatternModel {
  readonly tokens: readonly Token[];
  /** `[T, T]`: a row looks, a column is looked at. */
  readonly map: Float32Array;
  /** Value of the darkest shade. */
  readonly max: number;
  readonly looker: number;
  /** A value as it stands in a cell. */
  readonly text: (value: number) => string;
}

export function patternScene(pattern: PatternModel, drawing: 'matrix' | 'arcs', corner: Corner): Picture {
  if (drawing === 'arcs') return arcs(pattern, corner);
  return pattern.tokens.length > MOST_CELLS ? wholeMap(pattern, corner) : matrix(pattern, corner);
}

function wholeMap({ tokens, map, max, looker }: PatternModel, { x, y }: Corner): Picture {
  const T = tokens.length;
  const row = Math.max(2, MAP_SIDE / T);
  const mark = `M${x},${y + (looker / T) * MAP_SIDE}h${MAP_SIDE}v${row}h${-MAP_SIDE}Z`;
  return {
    width: MAP_SIDE,
    height: MAP_SIDE,
    shapes: [
      { kind: 'map', x, y, side: MAP_SIDE, ...mapSteps(map, T, max, T) },
      { kind: 'path', d: mark, stroke: PALETTE.act },
    ],
  };
}

function matrix({ tokens, map, max, looker, text }: PatternModel, { x, y }: Corner): Picture {
  const T = tokens.length;
  const cell = Math.max(34, Math.min(52, 640 / T));
  const limit = Math.floor((cell - 4) / COLUMN);
  const name = (position: number, room: number): string => shorten(visible(tokens[position]!.text), room);
  const shapes: Shape[] = [];
  for (let dest = 0; dest < T; dest++) {
    const bold = dest === looker;
    const top = y + HEADS + dest * CELL_HEIGHT + 1;
    const line = top + 16;
    shapes.push(
      tokenLabel({ x: x + LABELS + (dest + 0.5) * cell + 1, y: y + 12 }, name(dest, limit), 'middle', bold),
      tokenLabel({ x: x + LABELS - 8, y: line }, name(dest, 14), 'end', bold),
    );
    for (let src = 0; src <= dest; src++) {
      const value = map[dest * T + src]!;
      const colour = shade(value / max, 'light');
      const box = { x: x + LABELS + src * cell + 1, y: top, width: cell - 2, height: CELL_HEIGHT - 2, radius: 4 };
      const edge = dest === looker || src === looker ? { stroke: PALETTE.act } : {};
      const middle = { x: box.x + box.width / 2, y: line, anchor: 'middle' } as const;
      shapes.push(
        { kind: 'rect', ...box, fill: colour.background, ...edge },
        { kind: 'text', ...middle, text: text(value), fill: colour.text, size: 11, mono: true },
      );
    }
  }
  return { width: LABELS + T * cell, height: HEADS + T * CELL_HEIGHT, shapes };
}

function arcs({ tokens, map, max, looker }: PatternModel, { x, y }: Corner): Picture {
  const layout = arcLayout(tokens, map, max, looker, COLUMN);
  const top = y + layout.tokensTop;
  const lines = layout.arcs.map((arc): Shape => ({
    kind: 'path',
    d: moved(arc.d, x, y),
    stroke: arc.below ? PALETTE.null : PALETTE.act,
    width: arc.width,
    opacity: arc.opacity,
  }));
  const names = layout.boxes.flatMap((box, position): Shape[] => {
    const looks = position === looker;
    const place = { x: x + box.left, y: top, width: box.width, height: TOKEN_HEIGHT, radius: 5 };
    return [
      { kind: 'rect', ...place, fill: PALETTE.paper, stroke: looks ? PALETTE.act : PALETTE.line },
      tokenLabel({ x: x + box.left + box.width / 2, y: top + 17 }, box.text, 'middle', looks),
    ];
  });
  return { width: layout.width, height: layout.height, shapes: [...lines, ...names] };
}

/** A path of absolute coordinates somewhere else. */
function moved(d: string, x: number, y: number): string {
  let nth = 0;
  return d.replace(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g, (number) => String(Number(number) + (nth++ % 2 === 0 ? x : y)));
}
