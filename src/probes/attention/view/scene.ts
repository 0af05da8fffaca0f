import type { Token } from '../../../core/fact';
import { arcLayout, TOKEN_HEIGHT } from '../../../views/arc-layout';
import { shade } from '../../../views/colour';
import type { HeadId, HeadNotes } from '../../../views/figure-entry';
import { cellPercent, percent, shorten, visible } from '../../../views/format';
import { HEAD, lines, MARGIN } from '../../../views/scenes/frame';
import { PALETTE } from '../../../views/scenes/palette';
import type { Picture, Shape } from '../../../views/scenes/scene';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { darkest, headMap, shownVariant, strongestHead, subjectPeak, type Variant } from './reading';
import { doing, headTitle, reading, shownHead, subjectSentence } from './sentences';

/** What is chosen in the figure on the page. */
export interface AttentionChoice {
  readonly head: HeadId | undefined;
  readonly looker: number | undefined;
  readonly variant: Variant;
  readonly drawing: 'matrix' | 'arcs';
  readonly heads: Pick<HeadNotes, 'does' | 'line'>;
}

/** Everything a part needs, worked out once. */
interface Seen extends AttentionChoice {
  readonly result: AttentionResult;
  readonly tokens: readonly Token[];
  readonly chosen: HeadId;
  readonly variant: Variant;
  readonly lookerAt: number;
  readonly map: Float32Array;
  readonly words: Words;
}

const SIDE = 58;
const GAP = 8;
const LABEL = 14;
const NUMBERS = 24;
const LINE = 17;
/** Monospace columns of text at 11 pixels. */
const COLUMN = 6.65;

/** The whole figure as on the page: the wall of heads, one head large, what it says, and the subject's share. */
export function attentionScene(
  result: AttentionResult,
  tokens: readonly Token[],
  choice: AttentionChoice,
  words: Words,
): Picture {
  const variant = shownVariant(result, choice.variant);
  const chosen = shownHead(result, choice.head);
  const seen: Seen = {
    ...choice,
    result,
    tokens,
    chosen,
    variant,
    lookerAt: Math.min(choice.looker ?? result.dest, result.n_positions - 1),
    map: headMap(result, result.layers.indexOf(chosen.layer), chosen.head, variant),
    words,
  };
  const left = wall(seen);
  const right = largeHead(seen, MARGIN + left.width + 36);
  const width = left.width + 36 + right.width;
  const below = HEAD + Math.max(left.height, right.height) + 8;
  const sentence = paragraph(subjectSentence(result, tokens, words), MARGIN, below, width, PALETTE.mute);
  return {
    width,
    height: below - HEAD + sentence.height,
    shapes: [...left.shapes, ...right.shapes, ...sentence.shapes],
  };
}

/** Maps larger than this would hold more than their place in the wall can show. */
const FINEST = 2 * SIDE;

/**
 * Steps of the page's scale for the lower triangle of a `[T, T]` map. What is finer than `finest` rows is gathered by
 * its largest value, so that a narrow stripe stays visible.
 */
export function mapSteps(
  map: Float32Array,
  T: number,
  max: number,
  finest: number,
): { size: number; steps: Uint8Array } {
  const size = Math.min(T, finest);
  const steps = new Uint8Array(size * size);
  for (let dest = 0; dest < T; dest++) {
    const row = Math.floor((dest * size) / T);
    for (let src = 0; src <= dest; src++) {
      const at = row * size + Math.floor((src * size) / T);
      const step = Math.round(Math.min(1, Math.max(0, map[dest * T + src]! / max)) * 255);
      steps[at] = Math.max(steps[at]!, step, 1);
    }
  }
  return { size, steps };
}

function wall({ result, variant, chosen, heads: { does }, words }: Seen): Picture {
  const T = result.n_positions;
  const count = variant === 'rollout' ? 1 : result.n_heads;
  const step = SIDE + LABEL + GAP;
  const shapes = result.layers.flatMap((layer, row): Shape[] => {
    const y = HEAD + (result.layers.length - 1 - row) * step;
    const name: Shape = {
      kind: 'text',
      x: MARGIN,
      y: y + SIDE / 2 + 4,
      text: String(layer + 1),
      fill: PALETTE.mute,
      size: 11,
    };
    const maps = Array.from({ length: count }, (_, head): Shape[] => {
      const map = headMap(result, row, head, variant);
      const x = MARGIN + 24 + head * (SIDE + GAP);
      const isChosen = layer === chosen.layer && (head === chosen.head || variant === 'rollout');
      const box: Shape = {
        kind: 'rect',
        x: x - 3,
        y: y - 3,
        width: SIDE + 6,
        height: SIDE + LABEL + 4,
        fill: PALETTE.paper,
        stroke: isChosen ? PALETTE.act : PALETTE.line,
        radius: 4,
      };
      const pixels = mapSteps(map, T, darkest(map, variant), FINEST);
      const label = variant === 'rollout' ? undefined : doing(result, { layer, head }, does, words);
      return [
        box,
        { kind: 'map', x, y, side: SIDE, ...pixels },
        {
          kind: 'text',
          x: x + SIDE / 2,
          y: y + SIDE + 10,
          text: label?.text ?? '',
          fill: label?.share === undefined ? PALETTE.mute : PALETTE.act,
          size: 9,
          bold: label?.share !== undefined,
          anchor: 'middle',
        },
      ];
    });
    return [name, ...maps.flat()];
  });
  return { width: 24 + count * (SIDE + GAP), height: result.layers.length * step, shapes };
}

function largeHead(seen: Seen, x: number): Picture {
  const { result, tokens, map, lookerAt, variant, chosen, words } = seen;
  const title = headTitle(chosen, variant, words);
  const picture = seen.drawing === 'arcs' ? arcs(seen, x, HEAD + 20) : matrix(seen, x, HEAD + 20);
  const width = Math.max(picture.width, 420);
  const shapes: Shape[] = [
    { kind: 'text', x, y: HEAD + 8, text: title, fill: PALETTE.ink, bold: true },
    ...picture.shapes,
  ];
  let y = HEAD + 20 + picture.height + 8;
  const says = reading(result, tokens, map, lookerAt, variant, words);
  const scores = variant === 'rollout' ? '' : seen.heads.line(chosen);
  for (const [text, fill] of [
    [says, PALETTE.ink],
    [scores, PALETTE.mute],
  ] as const) {
    const part = paragraph(text, x, y, width, fill);
    shapes.push(...part.shapes);
    y += part.height;
  }
  const shares = subjectShares(seen, x, y + 6, width);
  return { width, height: y + 6 + shares.height - HEAD, shapes: [...shapes, ...shares.shapes] };
}

/** A text in lines; `y` is the top. */
function paragraph(text: string, x: number, y: number, width: number, fill: string): Picture {
  const all = lines(text, Math.floor(width / 6));
  return {
    width,
    height: all.length * LINE,
    shapes: all.map((line, nth) => ({ kind: 'text', x, y: y + 12 + nth * LINE, text: line, fill, size: 12 })),
  };
}

function matrix({ result, tokens, map, variant, lookerAt }: Seen, x: number, y: number): Picture {
  const T = result.n_positions;
  const max = darkest(map, variant);
  if (T > NUMBERS) {
    const side = 560;
    const mark = { x, y: y + (lookerAt / T) * side, width: side, height: Math.max(2, side / T) };
    return {
      width: side,
      height: side,
      shapes: [
        { kind: 'map', x, y, side, ...mapSteps(map, T, max, T) },
        { kind: 'path', d: outline(mark), stroke: PALETTE.act },
      ],
    };
  }
  const labels = 104;
  const cell = { width: Math.max(34, Math.min(52, 640 / T)), height: 26 };
  const limit = Math.floor((cell.width - 4) / COLUMN);
  const at = (dest: number, src: number) => ({
    x: x + labels + src * cell.width + 1,
    y: y + 20 + dest * cell.height + 1,
    width: cell.width - 2,
    height: cell.height - 2,
  });
  const name = (position: number, room: number): string => shorten(visible(tokens[position]?.text ?? ''), room);
  const shapes: Shape[] = [];
  for (let dest = 0; dest < T; dest++) {
    const bold = dest === lookerAt;
    const line = at(dest, 0).y + 16;
    shapes.push(
      label(at(0, dest).x + cell.width / 2, y + 12, name(dest, limit), 'middle', bold),
      label(x + labels - 8, line, name(dest, 14), 'end', bold),
    );
    for (let src = 0; src <= dest; src++) {
      const value = map[dest * T + src]!;
      const { background, text } = shade(value / max, 'light');
      const box = at(dest, src);
      const edge = dest === lookerAt || src === lookerAt ? { stroke: PALETTE.act } : {};
      shapes.push(
        { kind: 'rect', ...box, fill: background, radius: 4, ...edge },
        {
          kind: 'text',
          x: box.x + box.width / 2,
          y: line,
          text: variant === 'value' ? value.toPrecision(2) : cellPercent(value),
          fill: text,
          size: 11,
          mono: true,
          anchor: 'middle',
        },
      );
    }
  }
  return { width: labels + T * cell.width, height: 20 + T * cell.height, shapes };
}

const label = (x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end', bold = false): Shape => ({
  kind: 'text',
  x,
  y,
  text,
  fill: PALETTE.ink,
  size: 11,
  mono: true,
  bold,
  anchor,
});

const outline = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }): string =>
  `M${x},${y}h${width}v${height}h${-width}Z`;

function arcs({ tokens, map, variant, lookerAt }: Seen, x: number, y: number): Picture {
  const layout = arcLayout(tokens, map, darkest(map, variant), lookerAt, COLUMN);
  const shapes: Shape[] = layout.arcs.map((arc) => ({
    kind: 'path',
    d: moved(arc.d, x, y),
    stroke: arc.below ? PALETTE.null : PALETTE.act,
    width: arc.width,
    opacity: arc.opacity,
  }));
  layout.boxes.forEach((box, position) => {
    const top = y + layout.tokensTop;
    const stroke = position === lookerAt ? PALETTE.act : PALETTE.line;
    shapes.push(
      {
        kind: 'rect',
        x: x + box.left,
        y: top,
        width: box.width,
        height: TOKEN_HEIGHT,
        fill: PALETTE.paper,
        stroke,
        radius: 5,
      },
      label(x + box.left + box.width / 2, top + 17, box.text, 'middle', position === lookerAt),
    );
  });
  return { width: layout.width, height: layout.height, shapes };
}

/** A path of absolute coordinates somewhere else. */
function moved(d: string, x: number, y: number): string {
  let nth = 0;
  return d.replace(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g, (number) => String(Number(number) + (nth++ % 2 === 0 ? x : y)));
}

function subjectShares({ result, tokens, words }: Seen, x: number, y: number, width: number): Picture {
  if (!subjectPeak(result)) return { width, height: 0, shapes: [] };
  const dest = visible(tokens[result.dest]?.text ?? '');
  const end = Math.min(width, 640);
  const track = end - 24 - 60;
  const shapes: Shape[] = [
    {
      kind: 'text',
      x,
      y: y + 12,
      text: words('attention.subject', { dest }),
      fill: PALETTE.ink,
      size: 11,
      bold: true,
    },
  ];
  result.layers.forEach((layer, row) => {
    const line = y + 22 + (result.layers.length - 1 - row) * 18;
    const share = result.subjectShare[row]!;
    const strongest = strongestHead(result, row).share;
    const bar = { kind: 'rect', x: x + 24, y: line + 3, height: 8, radius: 2 } as const;
    shapes.push(
      { kind: 'text', x: x + 14, y: line + 11, text: String(layer + 1), fill: PALETTE.mute, size: 11, anchor: 'end' },
      { ...bar, width: track, fill: PALETTE.line },
      { ...bar, width: Math.max(0.5, share * track), fill: PALETTE.act },
      { kind: 'rect', x: x + 23 + strongest * track, y: line + 1, width: 2, height: 12, fill: PALETTE.ink },
      {
        kind: 'text',
        x: x + end,
        y: line + 11,
        text: percent(share),
        fill: PALETTE.mute,
        size: 11,
        anchor: 'end',
      },
    );
  });
  return { width, height: 26 + result.layers.length * 18, shapes };
}
