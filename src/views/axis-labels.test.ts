import { describe, expect, it } from 'vitest';
import { labelledPositions } from './axis-labels';

describe('labels of a crowded axis', () => {
  it('stand at every position where there is room', () => {
    expect(labelledPositions(3, 36, 12)).toEqual([0, 1, 2]);
  });

  it('are never closer than they may be, and keep the last position', () => {
    for (const [count, length] of [
      [25, 258],
      [100, 400],
      [128, 258],
      [1024, 560],
    ] as const) {
      const labelled = labelledPositions(count, length, 12);
      expect(labelled.at(-1)).toBe(count - 1);
      for (let nth = 1; nth < labelled.length; nth++) {
        expect(((labelled[nth]! - labelled[nth - 1]!) * length) / count).toBeGreaterThanOrEqual(12);
      }
      expect(labelled.length).toBeGreaterThan(length / 12 / 2);
    }
  });

  it('are none before the axis is measured', () => {
    expect(labelledPositions(50, 0, 12)).toEqual([]);
    expect(labelledPositions(0, 100, 12)).toEqual([]);
  });
});
