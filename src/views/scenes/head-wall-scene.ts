import type { HeadId } from '../../core/place';
import { mapSteps } from './map-steps';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';
import type { Corner } from './words-scene';

const SIDE = 58;
const GAP = 8;
const LABEL = 14;
const NUMBERS = 24;
/** Maps larger than this would hold more than their place in the wall can show. */
const FINEST = 2 * SIDE;

/** Every head as a small map, as the page draws it (`HeadWall.svelte`). */
export interface HeadWallModel {
  /** Layers from 0, bottom first; rows of `map`. */
  readonly layers: readonly number[];
  readonly heads: number;
  /** Positions of a map. */
  readonly size: number;
  /** `[T, T]` of a head. */
  readonly map: (row: number, head: number) => Float32Array;
  /** Value of the darkest shade. */
  readonly max: (row: number, head: number) => number;
  readonly chosen: (id: HeadId) => boolean;
  readonly does: (id: HeadId) => { readonly text: string; readonly strong: boolean } | undefined;
}

export function headWallScene(wall: HeadWallModel, { x: left, y: top }: Corner): Picture {
  const step = SIDE + LABEL + GAP;
  const shapes = wall.layers.flatMap((layer, row): Shape[] => {
    const y = top + (wall.layers.length - 1 - row) * step;
    const number = { x: left, y: y + SIDE / 2 + 4, text: String(layer + 1), fill: PALETTE.mute, size: 11 };
    const maps = Array.from({ length: wall.heads }, (_, head) =>
      headShapes(wall, row, { layer, head }, { x: left + NUMBERS + head * (SIDE + GAP), y }),
    );
    return [{ kind: 'text', ...number }, ...maps.flat()];
  });
  return { width: NUMBERS + wall.heads * (SIDE + GAP), height: wall.layers.length * step, shapes };
}

function headShapes(wall: HeadWallModel, row: number, id: HeadId, { x, y }: Corner): Shape[] {
  const does = wall.does(id);
  const frame = { x: x - 3, y: y - 3, width: SIDE + 6, height: SIDE + LABEL + 4, radius: 4 };
  const steps = mapSteps(wall.map(row, id.head), wall.size, wall.max(row, id.head), FINEST);
  return [
    { kind: 'rect', ...frame, fill: PALETTE.paper, stroke: wall.chosen(id) ? PALETTE.act : PALETTE.line },
    { kind: 'map', x, y, side: SIDE, ...steps },
    {
      kind: 'text',
      x: x + SIDE / 2,
      y: y + SIDE + 10,
      text: does?.text ?? '',
      fill: does?.strong ? PALETTE.act : PALETTE.mute,
      size: 9,
      bold: does?.strong ?? false,
      anchor: 'middle',
    },
  ];
}
