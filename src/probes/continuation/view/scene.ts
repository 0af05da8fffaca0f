import type { GeneratedToken } from '../../../core/writing';
import { shade } from '../../../views/colour';
import { percent, shorten, visible } from '../../../views/format';
import { HEAD, lines, MARGIN } from '../../../views/scenes/frame';
import { PALETTE } from '../../../views/scenes/palette';
import type { Picture, Shape } from '../../../views/scenes/scene';

const WIDTH = 760;
const LINE = 18;
const ROW = 22;
const OTHERS = 5;

/** The prompt in full, and each written token with its shade and what else was considered. */
export function continuationScene(prompt: string, steps: readonly GeneratedToken[]): Picture {
  const given = lines(prompt, 100);
  const top = HEAD + given.length * LINE + 8;
  const shapes: Shape[] = given.map((text, nth) => ({
    kind: 'text',
    x: MARGIN,
    y: HEAD + 12 + nth * LINE,
    text,
    fill: PALETTE.mute,
    mono: true,
  }));
  steps.forEach((step, index) => {
    const y = top + index * ROW;
    const colour = shade(step.probability, 'light');
    const others = step.alternatives.map(({ token, probability }) => `${visible(token.text)} ${percent(probability)}`);
    shapes.push(
      { kind: 'rect', x: MARGIN, y, width: 180, height: 20, fill: colour.background, radius: 4 },
      {
        kind: 'text',
        x: MARGIN + 6,
        y: y + 14,
        text: shorten(visible(step.token.text), 16),
        fill: colour.text,
        mono: true,
      },
      {
        kind: 'text',
        x: MARGIN + 174,
        y: y + 14,
        text: percent(step.probability),
        fill: colour.text,
        size: 10,
        anchor: 'end',
      },
      {
        kind: 'text',
        x: MARGIN + 192,
        y: y + 14,
        text: others.slice(0, OTHERS).join('   '),
        fill: PALETTE.mute,
        size: 11,
        mono: true,
      },
    );
  });
  return { width: WIDTH, height: top - HEAD + steps.length * ROW, shapes };
}
