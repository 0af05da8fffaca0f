import { describe, expect, it } from 'vitest';
import { judgeDifference, logitDifference, logitRange } from './compare-logits';

const of = (expected: readonly number[], found: readonly number[]): number =>
  logitDifference(expected, (index) => found[index]!);

describe('comparing logits', () => {
  it('gives the largest difference as a part of the range', () => {
    expect(of([0, 10, 5], [0, 9, 5.5])).toBe(0.1);
    expect(of([3, 3], [3, 3])).toBe(0);
    expect(of([3, 3], [3, 4])).toBe(Infinity);
  });

  it('leaves ids that both say are never written out of it', () => {
    expect(logitRange([-Infinity, 2, 8])).toEqual({ low: 2, high: 8 });
    expect(of([-Infinity, 0, 10], [-Infinity, 0, 9])).toBe(0.1);
  });

  it.each([
    [
      [0, 1],
      [NaN, 1],
    ],
    [
      [NaN, 1],
      [0, 1],
    ],
    [
      [-Infinity, 0, 10],
      [-20, 0, 10],
    ],
    [
      [-20, 0, 10],
      [-Infinity, 0, 10],
    ],
    [
      [0, 10, 20],
      [0, 10, Infinity],
    ],
  ])('takes what is no number on one side alone for different: %j, %j', (expected, found) => {
    expect(of(expected, found)).toBe(Infinity);
  });

  it('allows less between two devices than between a file and what was recognised of it', () => {
    const kinds = ([compared, dtype]: readonly ['device' | 'file', 'fp32' | 'q8'], difference: number) =>
      judgeDifference(compared, dtype, { difference, when: 'now' }).kind;
    expect([0.002, 0.003].map((difference) => kinds(['device', 'fp32'], difference))).toEqual(['same', 'different']);
    expect([0.05, 0.06].map((difference) => kinds(['device', 'q8'], difference))).toEqual(['same', 'different']);
    expect([0.005, 0.006].map((difference) => kinds(['file', 'fp32'], difference))).toEqual(['same', 'different']);
    expect([0.08, 0.09].map((difference) => kinds(['file', 'q8'], difference))).toEqual(['same', 'different']);
    expect(judgeDifference('file', 'fp32', { difference: Infinity, when: 'before' })).toMatchObject({
      kind: 'different',
      when: 'before',
    });
  });
});
