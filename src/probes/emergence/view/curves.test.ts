import { describe, expect, it } from 'vitest';
import type { EmergenceResult } from '../meta';
import { curvesOf, nullBand, steepestRow } from './curves';

const result = {
  rowDepth: [0, 1, 2],
  p: Float32Array.of(0, 0.25, 0.75),
  rank: Int32Array.of(50, 3, 1),
  foilP: Float32Array.of(0.1, 0.1, 0.1),
  foilRank: Int32Array.of(4, 4, 4),
  logitDiff: Float32Array.of(-1, 0, 2),
  null: { used: ['a', 'b'], p: Float32Array.of(0, 0.5, 0.25, 0.125, 0, 1), meanP: Float32Array.of(0, 0, 0) },
} as unknown as EmergenceResult;

describe('emergence curves', () => {
  const names = { answer: 'x', foil: 'y' };
  it('draws answer and foil for shares and ranks, and the difference alone', () => {
    expect(curvesOf(result, [], 'p', names).map((curve) => curve.key)).toEqual(['foil', 'answer']);
    expect(curvesOf(result, [], 'rank', names).at(-1)!.values).toBe(result.rank);
    expect(curvesOf(result, [], 'diff', names).map((curve) => curve.values)).toEqual([result.logitDiff]);
  });

  it('leaves kept facts without a foil out of the difference', () => {
    const kept = { key: 'k', name: 'k', colour: '#000', depths: [0], p: [1], rank: [1] };
    expect(curvesOf(result, [kept], 'diff', names)).toHaveLength(1);
    expect(curvesOf(result, [kept], 'logp', names)).toHaveLength(3);
  });

  it('spans the null from its lowest to its highest subject', () => {
    const band = nullBand(result, 'p', 'others')!;
    expect([...(band.low as number[])]).toEqual([0, 0, 0.25]);
    expect([...(band.high as number[])]).toEqual([0.125, 0.5, 1]);
    expect(nullBand(result, 'rank', 'others')).toBeUndefined();
  });

  it('finds where the answer rises most, if it rises at all', () => {
    expect(steepestRow(result.p)).toBe(2);
    expect(steepestRow([0.001, 0.002])).toBeUndefined();
    expect(steepestRow([0.9, 0.5])).toBeUndefined();
  });
});
