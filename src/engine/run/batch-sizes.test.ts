import { describe, expect, it } from 'vitest';
import { BatchSizes, batchShape } from './batch-sizes';

describe('how many runs are made together', () => {
  it('starts small, grows while batches are short, and aims at a moment', () => {
    const sizes = new BatchSizes();
    const made: number[] = [];
    for (let batch = 0; batch < 5; batch++) {
      const rows = sizes.rows('a', 1000);
      made.push(rows);
      sizes.note('a', rows, rows * 2);
    }
    expect(made[0]).toBe(4);
    expect(made[1]).toBe(16);
    expect(made.at(-1)).toBe(75);
  });

  it('never makes more than there is memory for, and always one', () => {
    const sizes = new BatchSizes();
    expect(sizes.rows('a', 3)).toBe(3);
    sizes.note('a', 3, 3000);
    expect(sizes.rows('a', 3)).toBe(1);
  });

  it('remembers that there was no memory for more, of this kind alone', () => {
    const sizes = new BatchSizes();
    sizes.note('a', 64, 64);
    sizes.note('b', 64, 64);
    sizes.limit('a', 8);
    expect([sizes.rows('a', 1000), sizes.rows('b', 1000)]).toEqual([8, 150]);
    sizes.note('a', 8, 8);
    expect(sizes.rows('a', 1000)).toBe(8);
  });

  it('takes runs of another kind for unknown', () => {
    const sizes = new BatchSizes();
    sizes.note('a', 4, 4000);
    expect(sizes.rows('b', 100)).toBe(4);
  });

  it('does not judge by the few runs left over at the end', () => {
    const sizes = new BatchSizes();
    sizes.note('a', 64, 128);
    expect(sizes.rows('a', 1000)).toBe(75);
    sizes.note('a', 1, 150);
    expect(sizes.rows('a', 1000)).toBe(75);
  });

  it('grows again after a batch that was slow for another reason', () => {
    const sizes = new BatchSizes();
    sizes.note('a', 64, 6400);
    const small = sizes.rows('a', 1000);
    expect(small).toBe(2);
    sizes.note('a', small, small);
    expect(sizes.rows('a', 1000)).toBeGreaterThan(small);
  });
});

describe('runs of one kind', () => {
  const spec = { tokens: [1, 2], interventions: [], captures: ['logits'] } as const;
  it('differ in tokens and interventions only', () => {
    const other = {
      ...spec,
      tokens: [3, 4],
      interventions: [{ kind: 'edit', layer: 0, key: [1], value: [1] }],
    } as const;
    expect(batchShape(other)).toBe(batchShape(spec));
    const lens = { positions: [-1], midLayers: false, k: 1, targets: [2] };
    const kinds = [spec, { ...spec, tokens: [1] }, { ...spec, captures: [] }, { ...spec, lens }];
    expect(new Set(kinds.map(batchShape)).size).toBe(kinds.length);
  });
});
