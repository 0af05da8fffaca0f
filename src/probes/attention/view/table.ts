import type { Token } from '../../../core/fact';
import { visible } from '../../../views/format';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { headMap, mostSeen, shownVariant, type Variant, type LargeMap } from './reading';
import type { Does } from './sentences';

const DIGITS = 4;
const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** A token with its position, since a text holds many tokens twice. */
const placed = (tokens: readonly Token[], position: number): string =>
  `${position} ${visible(tokens[position]?.text ?? '')}`;

/**
 * One row per head: what it does, how much of the last token's attention the subject gets, where that token looks most.
 * Rollout is one map for all heads of a layer, so there is one row per layer.
 */
export function headsTable(
  result: AttentionResult,
  tokens: readonly Token[],
  does: Does,
  wanted: Variant,
  words: Words,
): TableData {
  const variant = shownVariant(result, wanted);
  return variant === 'rollout'
    ? rolloutTable(result, tokens, words)
    : {
        caption: words('attention.table.heads'),
        fromOne: [0, 1],
        columns: [
          words('attention.table.layer'),
          words('attention.table.head'),
          words('attention.table.label'),
          words('attention.table.subject'),
          words('attention.table.top'),
          words(variant === 'value' ? 'attention.table.value' : 'attention.table.share'),
        ],
        rows: result.layers.flatMap((layer, row) =>
          Array.from({ length: result.n_heads }, (_, head) => {
            const top = mostSeen(headMap(result, row, head, variant), result.dest, result.n_positions);
            return [
              layer + 1,
              head + 1,
              does({ layer, head }) ?? '',
              rounded(result.subjectShareByHead[row * result.n_heads + head]!),
              placed(tokens, top.src),
              rounded(top.value),
            ];
          }),
        ),
      };
}

function rolloutTable(result: AttentionResult, tokens: readonly Token[], words: Words): TableData {
  const { dest, n_positions } = result;
  return {
    caption: words('attention.table.rollout'),
    fromOne: [0],
    columns: [
      words('attention.table.layer'),
      words('attention.table.subject'),
      words('attention.table.top'),
      words('attention.table.share'),
    ],
    rows: result.layers.map((layer, row) => {
      const map = headMap(result, row, 0, 'rollout');
      const subject = result.subjectPositions.reduce((sum, src) => sum + map[dest * n_positions + src]!, 0);
      const top = mostSeen(map, dest, n_positions);
      return [layer + 1, rounded(subject), placed(tokens, top.src), rounded(top.value)];
    }),
  };
}

/** The large map in full: a row per token that looks (dest), a column per token that is looked at (src). */
export function patternTable(
  tokens: readonly Token[],
  { map, title }: Pick<LargeMap, 'map' | 'title'>,
  words: Words,
): TableData {
  const T = Math.sqrt(map.length);
  const positions = Array.from({ length: T }, (_, position) => position);
  return {
    caption: words('attention.table.pattern', { head: title }),
    columns: [words('attention.table.corner'), ...positions.map((src) => placed(tokens, src))],
    rows: positions.map((dest) => [placed(tokens, dest), ...positions.map((src) => rounded(map[dest * T + src]!))]),
  };
}
