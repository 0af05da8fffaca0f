import { shade } from '../colour';
import { shorten, visible } from '../format';
import { SHEET } from './sheet';
import type { LayerCell, LayerColumn, LayerRow } from '../layer-grid';
import { HEAD, MARGIN } from './frame';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';

const ROW = 26;
const LABELS = 120;
const WIDTH = 104;

/** A grid of layers × positions as the page draws it (`LayerPositionGrid.svelte`), rows and cells in screen order. */
export interface LayerGridModel {
  readonly rows: readonly LayerRow[];
  readonly columns: readonly LayerColumn[];
  readonly cell: (row: number, column: number) => LayerCell;
}

export function layerGridScene({ rows, columns, cell }: LayerGridModel): Picture {
  const heads = columns.map(({ token }, column): Shape => ({
    kind: 'text',
    x: MARGIN + LABELS + (column + 0.5) * WIDTH,
    y: HEAD + 17,
    text: shorten(visible(token.text), 13),
    fill: PALETTE.ink,
    mono: true,
    anchor: 'middle',
  }));
  const lines = rows.flatMap((row, screen): Shape[] => {
    const y = HEAD + ROW * (screen + 1);
    const marked = row.marks.length > 0;
    const name: Shape = {
      kind: 'text',
      x: MARGIN,
      y: y + 17,
      text: marked ? `${row.name} (${row.marks.join(' · ')})` : row.name,
      fill: marked ? PALETTE.answer : PALETTE.mute,
      size: 11,
    };
    return [name, ...columns.flatMap((_, column) => cellShapes(cell(screen, column), column, y))];
  });
  return {
    width: LABELS + columns.length * WIDTH,
    height: ROW * (rows.length + 1),
    shapes: [...heads, ...lines],
  };
}

/** Columns that a sheet of paper has room for. */
const ON_SHEET = Math.floor((SHEET - LABELS) / WIDTH);

/**
 * The grid in pieces, each as wide as a sheet, in reading order; the last one is full and ends where the grid does.
 * @returns `from` and `to` count columns, `to` is not in the piece.
 */
export function layerGridSheets(
  grid: LayerGridModel,
): { readonly from: number; readonly to: number; readonly picture: Picture }[] {
  const out = [];
  for (let to = grid.columns.length; to > 0; to -= ON_SHEET) {
    const from = Math.max(0, to - ON_SHEET);
    const part = {
      rows: grid.rows,
      columns: grid.columns.slice(from, to),
      cell: (row: number, column: number) => grid.cell(row, from + column),
    };
    out.unshift({ from, to, picture: layerGridScene(part) });
  }
  return out;
}

function cellShapes({ token, number, value, tone }: LayerCell, column: number, y: number): Shape[] {
  const colour = shade(value, 'light');
  const x = MARGIN + LABELS + column * WIDTH;
  const edge =
    tone === 'answer' ? { stroke: PALETTE.answer } : tone === 'foil' ? { stroke: PALETTE.foil, dash: [4, 3] } : {};
  const box = { x: x + 1, y: y + 1, width: WIDTH - 2, height: ROW - 2, radius: 4 };
  const right = { x: x + WIDTH - 7, y: y + 17, text: number, fill: colour.text, size: 10, anchor: 'end' } as const;
  return [
    { kind: 'rect', ...box, fill: colour.background, ...edge },
    { kind: 'text', x: x + 7, y: y + 17, text: shorten(visible(token.text), 9), fill: colour.text, mono: true },
    { kind: 'text', ...right },
  ];
}
