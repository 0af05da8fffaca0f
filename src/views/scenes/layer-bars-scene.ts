import { percent } from '../format';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';
import type { Corner } from './words-scene';

const WIDEST = 640;
const HEAD = 22;
const ROW = 18;
const LABELS = 24;
const NUMBERS = 60;

/** A share from 0 to 1 for each layer, and a mark for the largest of what it is the mean of. */
export interface LayerBarsModel {
  readonly title: string;
  /** Bottom first. */
  readonly bars: readonly { readonly layer: number; readonly share: number; readonly mark: number }[];
}

export function layerBarsScene({ title, bars }: LayerBarsModel, { x, y }: Corner, width: number): Picture {
  const end = Math.min(width, WIDEST);
  const track = end - LABELS - NUMBERS;
  const rows = bars.flatMap(({ layer, share, mark }, row): Shape[] => {
    const line = y + HEAD + (bars.length - 1 - row) * ROW;
    const bar = { x: x + LABELS, y: line + 3, height: 8, radius: 2 };
    const name = { x: x + LABELS - 10, text: String(layer + 1) };
    const right = { y: line + 11, fill: PALETTE.mute, size: 11, anchor: 'end' } as const;
    return [
      { kind: 'text', ...right, ...name },
      { kind: 'rect', ...bar, width: track, fill: PALETTE.line },
      { kind: 'rect', ...bar, width: Math.max(0.5, share * track), fill: PALETTE.act },
      { kind: 'rect', x: x + LABELS - 1 + mark * track, y: line + 1, width: 2, height: 12, fill: PALETTE.ink },
      { kind: 'text', ...right, x: x + end, text: percent(share) },
    ];
  });
  const heading: Shape = { kind: 'text', x, y: y + 12, text: title, fill: PALETTE.ink, size: 11, bold: true };
  return { width, height: HEAD + 4 + bars.length * ROW, shapes: [heading, ...rows] };
}
