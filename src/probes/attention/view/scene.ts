import type { Token } from '../../../core/fact';
import type { HeadId } from '../../../core/place';
import type { HeadNotes } from '../../../views/figure-entry';
import { cellPercent, visible } from '../../../views/format';
import { HEAD, MARGIN } from '../../../views/scenes/frame';
import { headWallScene } from '../../../views/scenes/head-wall-scene';
import { layerBarsScene } from '../../../views/scenes/layer-bars-scene';
import { PALETTE } from '../../../views/scenes/palette';
import { patternScene } from '../../../views/scenes/pattern-scene';
import type { Picture, Shape } from '../../../views/scenes/scene';
import { paragraphScene, type Corner } from '../../../views/scenes/words-scene';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { headKey, largeMap } from './large';
import { darkest, firstTokenAs, headMap, strongestHead, subjectPeak, type LargeMap } from './reading';
import { doing, leftOutNote, reading, subjectSentence } from './sentences';
import type { AttentionSettings } from './settings';

/** What is chosen in the figure on the page. */
export interface AttentionChoice extends AttentionSettings {
  readonly head: HeadId | undefined;
  readonly looker: number | undefined;
  readonly heads: Pick<HeadNotes, 'does' | 'line'>;
}

/** Everything a part needs, worked out once. */
interface Seen extends AttentionChoice {
  readonly result: AttentionResult;
  readonly tokens: readonly Token[];
  readonly large: LargeMap;
  readonly words: Words;
}

const BETWEEN = 36;

/** The whole figure as on the page: the wall of heads, one head large, what it says, and the subject's share. */
export function attentionScene(
  result: AttentionResult,
  tokens: readonly Token[],
  choice: AttentionChoice,
  words: Words,
): Picture {
  const seen: Seen = { ...choice, result, tokens, large: largeMap(result, choice, choice.head, words), words };
  const left = wall(seen);
  const right = largeHead(seen, MARGIN + left.width + BETWEEN);
  const width = left.width + BETWEEN + right.width;
  const below = HEAD + Math.max(left.height, right.height) + 8;
  const says = subjectSentence(result, tokens, words);
  const sentence = paragraphScene(says, { x: MARGIN, y: below }, width, PALETTE.mute);
  return {
    width,
    height: below - HEAD + sentence.height,
    shapes: [...left.shapes, ...right.shapes, ...sentence.shapes],
  };
}

/** The same in two pieces, under one another on paper: the wall, and one head large. */
export function attentionSheets(
  result: AttentionResult,
  tokens: readonly Token[],
  choice: AttentionChoice,
  words: Words,
): readonly Picture[] {
  const seen: Seen = { ...choice, result, tokens, large: largeMap(result, choice, choice.head, words), words };
  return [wall(seen), largeHead(seen, MARGIN)];
}

function wall({ result, large, first, heads, words }: Seen): Picture {
  const { variant } = large;
  const single = variant === 'rollout';
  const among = new Set(large.heads.map(headKey));
  const map = (row: number, head: number) =>
    firstTokenAs(headMap(result, row, head, variant), result.n_positions, first, variant);
  const model = {
    layers: result.layers,
    heads: single ? 1 : result.n_heads,
    size: result.n_positions,
    map,
    max: (row: number, head: number) => darkest(map(row, head), variant),
    chosen: (id: HeadId) => (single ? id.layer === large.chosen.layer : among.has(headKey(id))),
    does(id: HeadId) {
      const label = single ? undefined : doing(result, id, heads.does, words);
      return label && { text: label.text, strong: label.share !== undefined };
    },
  };
  return headWallScene(model, { x: MARGIN, y: HEAD });
}

function largeHead(seen: Seen, x: number): Picture {
  const { result, tokens, large, drawing, words } = seen;
  const { map, variant, title } = large;
  const looker = Math.min(seen.looker ?? result.dest, result.n_positions - 1);
  const text = (value: number): string => (variant === 'value' ? value.toPrecision(2) : cellPercent(value));
  const pattern = { tokens, map, max: darkest(map, variant), looker, text };
  const picture = patternScene(pattern, drawing, { x, y: HEAD + 20 });
  const width = Math.max(picture.width, 420);
  const shapes: Shape[] = [
    { kind: 'text', x, y: HEAD + 8, text: title, fill: PALETTE.ink, bold: true },
    ...picture.shapes,
  ];
  let y = HEAD + 20 + picture.height + 8;
  const says = reading(result, tokens, large, looker, words);
  const scores = variant === 'rollout' || large.heads.length > 1 ? '' : seen.heads.line(large.chosen);
  for (const [sentence, fill] of [
    [says, PALETTE.ink],
    [leftOutNote(seen.first, variant, words), PALETTE.mute],
    [scores, PALETTE.mute],
  ] as const) {
    const part = paragraphScene(sentence, { x, y }, width, fill);
    shapes.push(...part.shapes);
    y += part.height;
  }
  const shares = subjectShares(seen, { x, y: y + 6 }, width);
  return { width, height: y + 6 + shares.height - HEAD, shapes: [...shapes, ...shares.shapes] };
}

function subjectShares({ result, tokens, words }: Seen, corner: Corner, width: number): Picture {
  if (!subjectPeak(result)) return { width, height: 0, shapes: [] };
  const dest = visible(tokens[result.dest]?.text ?? '');
  const bars = result.layers.map((layer, row) => ({
    layer,
    share: result.subjectShare[row]!,
    mark: strongestHead(result, row).share,
  }));
  return layerBarsScene({ title: words('attention.subject', { dest }), bars }, corner, width);
}
