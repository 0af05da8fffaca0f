import { describe, expect, it } from 'vitest';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { headsOf, largeMap, toggledHead } from './large';
import { darkest, firstTokenAs, headMap, meanMap, mostSeen, strongestHead, subjectPeak } from './reading';

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

describe('the first token', () => {
  const map = Float32Array.of(1, 0, 0, 0.6, 0.4, 0, 0.5, 0.2, 0.3);

  it('stays, is hidden, or is left out of the sum', () => {
    expect(firstTokenAs(map, 3, 'shown', 'plain')).toBe(map);
    expect([...firstTokenAs(map, 3, 'hidden', 'plain')]).toEqual([
      0,
      0,
      0,
      0,
      Math.fround(0.4),
      0,
      0,
      Math.fround(0.2),
      Math.fround(0.3),
    ]);
    const rest = firstTokenAs(map, 3, 'discounted', 'plain');
    expect([...rest].map((value) => Number(value.toFixed(5)))).toEqual([0, 0, 0, 0, 1, 0, 0, 0.4, 0.6]);
    // What was given stays as it was.
    expect(map[3]).toBeCloseTo(0.6);
  });

  it('is only hidden where values are no shares, and rounding is not made large', () => {
    expect(firstTokenAs(map, 3, 'discounted', 'value')).toEqual(firstTokenAs(map, 3, 'hidden', 'value'));
    expect([...firstTokenAs(Float32Array.of(1, 0, 1, 1e-9), 2, 'discounted', 'plain')]).toEqual([0, 0, 0, 0]);
  });
});

describe('several heads', () => {
  const words = Object.assign((key: string) => key, { locale: 'en' }) as unknown as Words;
  const usual = { variant: 'plain', first: 'shown', mean: true, together: ['0.1', '1.0', '7.7', 'x'] } as const;

  it('are the plain mean over those that this model has', () => {
    expect(
      [...meanMap([Float32Array.of(1, 0, 0.2, 0.8), Float32Array.of(1, 0, 0.6, 0.4)])].map((v) => Number(v.toFixed(5))),
    ).toEqual([1, 0, 0.4, 0.6]);
    const { heads, map } = largeMap(result, usual, undefined, words);
    expect(heads).toEqual([
      { layer: 0, head: 1 },
      { layer: 1, head: 0 },
    ]);
    // (0.5 + 0.9) / 2
    expect(map[2]).toBeCloseTo(0.7);
  });

  it('are one where none is named, none was asked for, or rollout knows none', () => {
    const chosen = { layer: 1, head: 1 };
    expect(largeMap(result, { ...usual, together: ['9.9'] }, chosen, words).heads).toEqual([chosen]);
    expect(largeMap(result, { ...usual, mean: false }, chosen, words).heads).toEqual([chosen]);
    expect(largeMap(result, { ...usual, variant: 'rollout' }, chosen, words).heads).toEqual([chosen]);
  });

  it('come in and go out, and the last one stays', () => {
    expect(toggledHead(['0.1'], { layer: 1, head: 0 })).toEqual(['0.1', '1.0']);
    expect(toggledHead(['0.1', '1.0'], { layer: 0, head: 1 })).toEqual(['1.0']);
    expect(toggledHead(['0.1'], { layer: 0, head: 1 })).toEqual(['0.1']);
    expect(headsOf(result, ['1.1', '0.0'])).toEqual([
      { layer: 0, head: 0 },
      { layer: 1, head: 1 },
    ]);
  });
});
