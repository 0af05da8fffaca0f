import { describe, expect, it } from 'vitest';
import * as library from '../engine/text/library';
import { candidates, createSampler, logitsProcessor } from './sampler';

const off = { temperature: 1, topK: 0, topP: 1, seed: 1 };
// softmax of these logs is the numbers themselves
const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log);
const rounded = (options: typeof off) =>
  candidates(logitsProcessor(library, options.temperature, [])(logits), options).map(({ id, weight }) => [
    id,
    Number(weight.toFixed(6)),
  ]);

describe('candidates', () => {
  it('are all tokens, best first, when nothing is cut', () => {
    expect(rounded(off)).toEqual([
      [1, 0.4],
      [3, 0.3],
      [2, 0.2],
      [0, 0.1],
    ]);
  });

  it('sharpen with a low temperature', () => {
    // p² renormalised: 16, 9, 4, 1 of 30
    expect(rounded({ ...off, temperature: 0.5 }).map(([, weight]) => weight)).toEqual([
      0.533333, 0.3, 0.133333, 0.033333,
    ]);
  });

  it('keep the k best', () => {
    expect(rounded({ ...off, topK: 2 }).map(([id]) => id)).toEqual([1, 3]);
  });

  it('keep the smallest set that reaches topP, and always the best', () => {
    expect(rounded({ ...off, topP: 0.65 }).map(([id]) => id)).toEqual([1, 3]);
    expect(rounded({ ...off, topP: 0.71 }).map(([id]) => id)).toEqual([1, 3, 2]);
    expect(rounded({ ...off, topP: 0.0001 }).map(([id]) => id)).toEqual([1]);
  });

  it('apply topP to what topK has left', () => {
    // of the best two, 0.4/0.7 = 0.571 reaches 0.55 alone
    expect(rounded({ ...off, topK: 2, topP: 0.55 }).map(([id]) => id)).toEqual([1]);
  });
});

describe('sampler', () => {
  it('is greedy at temperature 0', () => {
    const sample = createSampler(library, { ...off, temperature: 0 });
    expect([sample(logits), sample(logits)]).toEqual([1, 1]);
  });

  it('draws the same for the same seed, and otherwise for another', () => {
    const draw = (seed: number) => {
      const sample = createSampler(library, { ...off, seed });
      return Array.from({ length: 20 }, () => sample(logits));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('draws in proportion', () => {
    const sample = createSampler(library, off);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[sample(logits)]!++;
    // standard deviation below 0.005 each
    [0.1, 0.4, 0.2, 0.3].forEach((p, id) => expect(Math.abs(counts[id]! / 10_000 - p)).toBeLessThan(0.02));
  });

  it('never draws what it is told not to, and leaves the logits as they are', () => {
    const given = Float32Array.from(logits);
    for (const temperature of [0, 1, 5]) {
      const sample = createSampler(library, { ...off, temperature }, [1, 3]);
      const drawn = new Set(Array.from({ length: 200 }, () => sample(given)));
      expect([...drawn].toSorted()).toEqual(temperature === 0 ? [2] : [0, 2]);
    }
    expect(given).toEqual(Float32Array.from(logits));
    // Where few are left, topK does not bring the others back.
    const sample = createSampler(library, { ...off, topK: 4 }, [0, 1, 3]);
    expect(new Set(Array.from({ length: 50 }, () => sample(given)))).toEqual(new Set([2]));
  });
});
