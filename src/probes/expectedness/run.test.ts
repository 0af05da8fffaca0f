import { describe, expect, it } from 'vitest';
import { prepared, trace } from '../../../tests/fixtures/probe-input.ts';
import { tensor } from '../../core/tensor';
import { plan, read, report } from './run';

/** Logits that a softmax turns into these probabilities. */
const logits = (rows: readonly (readonly number[])[]) =>
  tensor([rows.length, rows[0]!.length], Float32Array.from(rows.flat(), Math.log));

describe('expectedness', () => {
  const fact = prepared([0, 2, 1]);
  const rows = [
    [0.25, 0.5, 0.125, 0.125],
    [0.25, 0.5, 0.125, 0.125],
    [0.97, 0.01, 0.01, 0.01],
  ];
  const spec = plan({ prepared: fact });
  const result = read(trace(spec, { captures: [['logits', logits(rows)]] }));

  it('asks for the logits of the prompt as it is', () => {
    expect(spec).toEqual({ tokens: [0, 2, 1], interventions: [], captures: ['logits'] });
  });

  it('holds each token against the row before it', () => {
    // p(2) = 1/8, p(1) = 1/2
    expect(result.bits[0]).toBeCloseTo(3, 5);
    expect(result.bits[1]).toBeCloseTo(1, 5);
    expect([...result.ids]).toEqual([2, 1]);
    expect([...result.topIds]).toEqual([1, 1]);
    expect(new Set(result.tokenIds)).toEqual(new Set([1, 2]));
  });

  it('writes a row for each token but the first', () => {
    const { rows: written } = report(result, {});
    expect(written.map(({ position, tokenId }) => [position, tokenId])).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(written[0]!['p']).toBeCloseTo(1 / 8, 6);
  });

  it('has nothing to say of a single token', () => {
    const one = prepared([3]);
    const single = read(trace(plan({ prepared: one }), { captures: [['logits', logits([rows[0]!])]] }));
    expect(single.bits).toHaveLength(0);
  });
});
