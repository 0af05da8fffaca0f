import { describe, expect, it } from 'vitest';
import { leastResidual } from './least-squares';

describe('leastResidual', () => {
  it('is nothing for a sum of multiples of the basis', () => {
    expect(
      leastResidual(
        [
          [1, 2, 3],
          [0, 1, -1],
        ],
        [2, 7, 3],
      ),
    ).toBeCloseTo(0, 12);
  });

  it('is what is left where there is more', () => {
    expect(leastResidual([[1, 0, 0]], [5, -3, 2])).toBe(3);
    expect(leastResidual([], [1, -4])).toBe(4);
  });

  it('takes vectors that say the same twice for one', () => {
    expect(
      leastResidual(
        [
          [1, 1, 0],
          [2, 2, 0],
          [0, 0, 0],
        ],
        [3, 3, 1],
      ),
    ).toBeCloseTo(1, 12);
  });
});
