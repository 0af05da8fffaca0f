import { shade } from '../../../views/colour';
import { columns, shorten, visible } from '../../../views/format';
import { HEAD, MARGIN } from '../../../views/scenes/frame';
import { PALETTE } from '../../../views/scenes/palette';
import type { Picture, Shape } from '../../../views/scenes/scene';
import { LONGEST, type Chip } from './chips';

const WIDTH = 760;
const BOX = 24;
const ROW = 46;
const GAP = 6;
/** Pixels of a monospace column at 12 pixels. */
const COLUMN = 7.3;

/** The prompt in shaded tokens, each with its number below, in as many lines as it takes. */
export function chipsScene(chips: readonly Chip[]): Picture {
  const shapes: Shape[] = [];
  let x = 0;
  let row = 0;
  for (const { token, measured } of chips) {
    const text = shorten(visible(token.text), LONGEST);
    const width = Math.max(56, columns(text) * COLUMN + 12);
    if (x > 0 && x + width > WIDTH) {
      x = 0;
      row++;
    }
    const left = MARGIN + x;
    const y = HEAD + row * ROW;
    const colour = measured ? shade(measured.value, 'light') : { background: PALETTE.paper, text: PALETTE.mute };
    const edge = measured ? {} : { stroke: PALETTE.line, dash: [4, 3] };
    const middle = { x: left + width / 2, anchor: 'middle' } as const;
    shapes.push(
      { kind: 'rect', x: left, y, width, height: BOX, radius: 4, fill: colour.background, ...edge },
      { kind: 'text', ...middle, y: y + 16, text, fill: colour.text, mono: true },
      { kind: 'text', ...middle, y: y + BOX + 13, text: measured?.number ?? '–', fill: PALETTE.mute, size: 10 },
    );
    x += width + GAP;
  }
  return { width: WIDTH, height: (row + 1) * ROW, shapes };
}
