import { describe, expect, it } from 'vitest';
import { entropyBits, klBits, logSumExp, rankOf, softmax, topK } from './numerics';

describe('numerics', () => {
  it('computes log-sum-exp where a naive sum overflows or underflows', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 10);
    expect(logSumExp([-1000, -1000, -1000, -1000])).toBeCloseTo(-1000 + Math.log(4), 10);
    expect(logSumExp([-Infinity, 0])).toBe(0);
    expect(logSumExp([-Infinity])).toBe(-Infinity);
  });

  it('turns logits into the probabilities of known odds', () => {
    const p = softmax([Math.log(1), Math.log(2), Math.log(5)]);
    expect([...p].map((value) => value * 8)).toEqual([1, 2, 5].map((value) => expect.closeTo(value, 10)));
  });

  it('measures entropy and divergence in bits', () => {
    expect(entropyBits([0.25, 0.25, 0.25, 0.25])).toBe(2);
    expect(entropyBits([1, 0])).toBe(0);
    expect(klBits([0.5, 0.5], [0.25, 0.75])).toBeCloseTo(0.5 * 1 + 0.5 * Math.log2(2 / 3), 12);
    expect(klBits([1, 0], [0, 1])).toBe(Infinity);
    expect(klBits([0, 1], [0.5, 0.5])).toBe(1);
  });

  it('orders the top k with ties to the lower index, and ranks by strictly larger values', () => {
    expect(topK([3, 9, 9, 1, 7], 3)).toEqual([1, 2, 4]);
    expect(topK([3, 1], 5)).toEqual([0, 1]);
    expect(rankOf([3, 9, 9, 1], 1)).toBe(1);
    expect(rankOf([3, 9, 9, 1], 2)).toBe(1);
    expect(rankOf([3, 9, 9, 1], 0)).toBe(3);
  });
});
