import { describe, expect, it } from 'vitest';
import { english } from '../../../app/i18n/messages';
import type { Token } from '../../../core/fact';
import type { AttentionResult } from '../meta';
import { largeMap } from './large';
import type { Variant } from './reading';
import { headsTable, patternTable } from './table';

const tokens = ['The', ' a', ' a'].map((text, id): Token => ({
  id,
  text,
  bytes: [],
  start: 0,
  end: 0,
  special: false,
}));
const head = (last: readonly number[]): readonly number[] => [1, 0, 0, 0.25, 0.75, 0, ...last];
const result: AttentionResult = {
  layers: [0, 3],
  n_heads: 2,
  n_positions: 3,
  patterns: Float32Array.from([head([0.5, 0.5, 0]), head([0, 1, 0]), head([0.2, 0.2, 0.6]), head([1, 0, 0])].flat()),
  valueWeighted: Float32Array.from(new Array(4).fill(head([3, 7, 5])).flat() as number[]),
  rollout: Float32Array.from([head([0.6, 0.3, 0.1]), head([0.1, 0.8, 0.1])].flat()),
  subjectPositions: [0, 1],
  subjectShare: Float32Array.of(1, 0.7),
  subjectShareByHead: Float32Array.of(1, 1, 0.4, 1),
  dest: 2,
};

const large = (variant: Variant, head: number) =>
  largeMap(result, { variant, first: 'shown', mean: false, together: [] }, { layer: 3, head }, english);

describe('attention as tables', () => {
  it('has a row for every head', () => {
    const table = headsTable(result, tokens, ({ head: at }) => (at === 1 ? 'previous' : undefined), 'plain', english);
    expect(table.rows).toEqual([
      [1, 1, '', 1, '0 The', 0.5],
      [1, 2, 'previous', 1, '1 ·a', 1],
      [4, 1, '', 0.4, '2 ·a', 0.6],
      [4, 2, 'previous', 1, '0 The', 1],
    ]);
    // “1.10” would be read as 1.1.
    expect([table.columns.length, table.fromOne]).toEqual([6, [0, 1]]);
  });

  it('has a row for every layer under rollout, which knows no heads, with the rollout’s own share of the subject', () => {
    const table = headsTable(result, tokens, () => undefined, 'rollout', english);
    expect(table.columns).toHaveLength(4);
    expect(table.rows).toEqual([
      [1, 0.9, '0 The', 0.6],
      [4, 0.9, '1 ·a', 0.8],
    ]);
  });

  it('does not call a value a share', () => {
    const columns = (variant: 'plain' | 'value') =>
      headsTable(result, tokens, () => undefined, variant, english).columns;
    expect(columns('value').at(-1)).not.toBe(columns('plain').at(-1));
  });

  it('gives the large map, its tokens told apart by their positions', () => {
    const { columns, rows } = patternTable(tokens, large('plain', 0), english);
    expect(columns.slice(1)).toEqual(['0 The', '1 ·a', '2 ·a']);
    expect(rows).toEqual([
      ['0 The', 1, 0, 0],
      ['1 ·a', 0.25, 0.75, 0],
      ['2 ·a', 0.2, 0.2, 0.6],
    ]);
    const weighted = patternTable(tokens, large('value', 0), english);
    expect(weighted.rows.at(-1)).toEqual(['2 ·a', 3, 7, 5]);
    expect(patternTable(tokens, large('rollout', 1), english).rows.at(-1)).toEqual(['2 ·a', 0.1, 0.8, 0.1]);
  });

  it('falls back on plain attention where a variant is not there yet', () => {
    const { rollout: _, valueWeighted: __, ...plain } = result;
    for (const variant of ['value', 'rollout'] as const) {
      expect(headsTable(plain, tokens, () => undefined, variant, english)).toEqual(
        headsTable(plain, tokens, () => undefined, 'plain', english),
      );
    }
  });
});
