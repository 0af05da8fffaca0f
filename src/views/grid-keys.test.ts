import { describe, expect, it } from 'vitest';
import { moveInGrid, moveInTriangle } from './grid-keys';

describe('moving in a grid', () => {
  const from = { row: 1, column: 2 };
  it('moves by one, stays inside, and jumps to the ends', () => {
    expect(moveInGrid('ArrowUp', false, from, 3, 4)).toEqual({ row: 0, column: 2 });
    expect(moveInGrid('ArrowRight', false, { row: 1, column: 3 }, 3, 4)).toEqual({ row: 1, column: 3 });
    expect(moveInGrid('Home', false, from, 3, 4)).toEqual({ row: 1, column: 0 });
    expect(moveInGrid('End', true, from, 3, 4)).toEqual({ row: 2, column: 3 });
    expect(moveInGrid('PageDown', false, from, 3, 4)).toEqual({ row: 2, column: 2 });
    expect(moveInGrid('a', false, from, 3, 4)).toBeUndefined();
  });

  it('ends a row at the diagonal where nothing stands above it', () => {
    expect(moveInTriangle('ArrowRight', false, { row: 1, column: 1 }, 4)).toEqual({ row: 1, column: 1 });
    expect(moveInTriangle('ArrowUp', false, { row: 3, column: 3 }, 4)).toEqual({ row: 2, column: 2 });
    expect(moveInTriangle('Home', true, { row: 3, column: 3 }, 4)).toEqual({ row: 0, column: 0 });
    expect(moveInTriangle('a', false, { row: 3, column: 3 }, 4)).toBeUndefined();
  });
});
