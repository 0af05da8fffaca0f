import type { Token } from '../../core/fact';
import type { GeneratedToken } from '../../core/model-api';
import type { AttentionResult } from '../../probes/attention/meta';
import { darkest, headMap, type Variant } from '../../probes/attention/view/reading';
import { shade } from '../../views/colour';
import { percent, shorten, visible } from '../../views/format';
import type { Words } from '../../views/words';
import { framed, HEAD, MARGIN, type Frame } from './frame';
import { PALETTE } from './palette';
import type { Scene, Shape } from './scene';

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
