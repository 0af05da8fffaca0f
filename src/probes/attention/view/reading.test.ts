import { describe, expect, it } from 'vitest';
import type { AttentionResult } from '../meta';
import { darkest, headMap, mostSeen, strongestHead, subjectPeak } from './reading';

const patterns = Float32Array.of(1, 0, 0.25, 0.75, 1, 0, 0.5, 0.5, 1, 0, 0.9, 0.1, 1, 0, 0.2, 0.8);
const result: AttentionResult = {
  layers: [0, 1],
  n_heads: 2,
  n_positions: 2,
  patterns,
  rollout: Float32Array.of(1, 0, 0.5, 0.5, 1, 0, 0.6, 0.4),
  subjectPositions: [0],
  subjectShare: Float32Array.of(0.375, 0.55),
  subjectShareByHead: Float32Array.of(0.25, 0.5, 0.9, 0.2),
  dest: 1,
};

describe('reading attention', () => {
  it('takes one head out of the stack without copying', () => {
    expect([...headMap(result, 1, 0, 'plain')]).toEqual([...patterns.slice(8, 12)]);
    expect(headMap(result, 1, 0, 'plain').buffer).toBe(patterns.buffer);
    expect([...headMap(result, 1, 1, 'rollout')].at(-1)).toBeCloseTo(0.4);
  });

  it('falls back on the plain pattern where a variant was not computed', () => {
    expect([...headMap(result, 0, 1, 'value')]).toEqual([...patterns.slice(4, 8)]);
    expect(darkest(Float32Array.of(0, 7), 'value')).toBe(7);
    expect(darkest(Float32Array.of(0, 0.3), 'plain')).toBe(1);
  });

  it('says where a token looks, and which head serves the subject', () => {
    expect(mostSeen(headMap(result, 0, 0, 'plain'), 1, 2)).toEqual({ src: 1, value: 0.75 });
    expect(subjectPeak(result)).toEqual({
      layer: { row: 1, share: expect.closeTo(0.55, 6) },
      head: { row: 1, head: 0, share: expect.closeTo(0.9, 6) },
    });
    expect(strongestHead(result, 0)).toEqual({ head: 1, share: expect.closeTo(0.5, 6) });
    expect(subjectPeak({ ...result, subjectPositions: [] })).toBeUndefined();
  });
});
