import { lines } from './frame';
import { PALETTE } from './palette';
import type { Picture, Shape } from './scene';

const LINE = 17;
/** Columns of text at 12 pixels in a pixel. */
const COLUMNS = 1 / 6;

/** Top left corner of a part of a picture. */
export interface Corner {
  readonly x: number;
  readonly y: number;
}

/** A text in as many lines as `width` pixels ask for. */
export function paragraphScene(text: string, { x, y }: Corner, width: number, fill: string): Picture {
  const all = lines(text, Math.floor(width * COLUMNS));
  return {
    width,
    height: all.length * LINE,
    shapes: all.map((line, nth) => ({ kind: 'text', x, y: y + 12 + nth * LINE, text: line, fill, size: 12 })),
  };
}

/** A token's text beside or in a drawing; `y` is its base line. */
export function tokenLabel({ x, y }: Corner, text: string, anchor: 'start' | 'middle' | 'end', bold: boolean): Shape {
  return { kind: 'text', x, y, text, fill: PALETTE.ink, size: 11, mono: true, bold, anchor };
}
