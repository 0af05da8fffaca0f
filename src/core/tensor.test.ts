import { describe, expect, it } from 'vitest';
import { slice, tensor } from './tensor';

describe('tensor views', () => {
  const pattern = tensor(
    [2, 2, 3],
    Float32Array.from({ length: 12 }, (_, i) => i),
  );

  it('slices leading indices without copying, negative ones from the end', () => {
    expect([...slice(pattern, 1, 0)]).toEqual([6, 7, 8]);
    expect([...slice(pattern, -1, -1)]).toEqual([9, 10, 11]);
    expect(slice(pattern, 1).buffer).toBe(pattern.data.buffer);
    expect(slice(pattern)).toHaveLength(12);
  });

  it('refuses indices and sizes that do not fit', () => {
    expect(() => slice(pattern, 2)).toThrow(RangeError);
    expect(() => slice(pattern, 0, 0, 0, 0)).toThrow(RangeError);
    expect(() => tensor([2], new Float32Array(3))).toThrow(RangeError);
  });
});
