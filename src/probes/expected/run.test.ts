import { expect, it } from 'vitest';
import { tensor } from '../../core/tensor';
import { expectedness } from './run';

const logs = (...p: readonly number[]): number[] => p.map((one) => Math.log(one) + 3);

it('gives each token what the row before it gave it', () => {
  const rows = [logs(0.1, 0.2, 0.7), logs(0.5, 0.25, 0.25), logs(0.2, 0.3, 0.5)];
  const { p, rank, surprisalBits, topIds, topProbs } = expectedness(
    [0, 1, 2],
    tensor([3, 3], Float32Array.from(rows.flat())),
  );
  expect(p[0]).toBeNaN();
  expect([...p].slice(1).map((one) => Number(one.toFixed(5)))).toEqual([0.2, 0.25]);
  // Of equals none is above the other.
  expect([...rank]).toEqual([0, 2, 2]);
  expect(surprisalBits[2]).toBeCloseTo(2, 5);
  expect([...topIds]).toEqual([-1, 2, 0]);
  expect(topProbs[1]).toBeCloseTo(0.7, 5);
});

it('does not overflow where logits are large', () => {
  const { p, surprisalBits } = expectedness([0, 1], tensor([2, 2], Float32Array.of(900, 899, 0, 0)));
  expect(p[1]).toBeCloseTo(1 / (1 + Math.E), 5);
  expect(surprisalBits[1]).toBeCloseTo(Math.log2(1 + Math.E), 5);
});

it('has nothing to say of a single token', () => {
  const { p, tokenIds } = expectedness([1], tensor([1, 2], Float32Array.of(0, 1)));
  expect([p.length, Number.isNaN(p[0]), [...tokenIds]]).toEqual([1, true, [1]]);
});
