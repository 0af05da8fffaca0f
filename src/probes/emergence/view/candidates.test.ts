import { describe, expect, it } from 'vitest';
import type { Token } from '../../../core/fact';
import type { EmergenceResult } from '../meta';
import { candidatesOf } from './candidates';

const token = (id: number, text: string, special = false): Token => ({
  id,
  text,
  bytes: [...new TextEncoder().encode(text)],
  start: 0,
  end: 0,
  special,
});
const labels = Object.fromEntries(
  [
    token(1, ' Paris'),
    token(2, ' London'),
    token(3, ' the'),
    token(4, 'ing'),
    token(5, '<|end|>', true),
    { ...token(6, '⟨E6⟩'), bytes: [0xe6] },
    token(7, ' "'),
    token(8, ' Rome'),
  ].map((one) => [one.id, one]),
);

/** Tokens that led, from the embedding on, with their probabilities. */
function led(ids: readonly number[], probs: readonly number[], foilId?: number): EmergenceResult {
  return {
    rowDepth: ids.map((_, row) => row + 1),
    topIds: Int32Array.from(ids),
    topProbs: Float32Array.from(probs),
    answerIds: [1],
    ...(foilId === undefined ? {} : { foilId }),
  } as unknown as EmergenceResult;
}
const typed = (result: EmergenceResult) => candidatesOf(result, labels, 'The capital is').map((one) => one.typed);

describe('tokens that led on the way', () => {
  it('are neither the answer nor the foil, and each is there once, where it led with most', () => {
    const found = candidatesOf(led([3, 8, 3, 2, 1], [0.25, 0.125, 0.5, 0.5, 0.75], 2), labels, 'The capital is');
    expect(found.map(({ token: { id }, depth, p }) => [id, depth, p])).toEqual([
      [8, 2, 0.125],
      [3, 3, 0.5],
    ]);
  });

  it('are typed so that they join the prompt as they are', () => {
    expect(typed(led([3, 4, 1], [0.5, 0.5, 0.5]))).toEqual(['the', '"ing"']);
  });

  it('can be typed: no sign of the model’s own, no part of a character, nothing that a quote would end', () => {
    expect(typed(led([5, 6, 7, 1], [0.5, 0.5, 0.5, 0.5]))).toEqual([]);
  });

  it('are not what the embedding says, which is the token that was read', () => {
    expect(typed({ ...led([8, 3], [1, 0.5]), rowDepth: [0, 1] })).toEqual(['the']);
  });

  it('are four at most, the most probable', () => {
    const many = Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [10 + index, token(10 + index, ` w${index}`)]),
    );
    const result = led([10, 11, 12, 13, 14, 15, 16], [0.1, 0.7, 0.2, 0.6, 0.3, 0.5, 0.4]);
    expect(candidatesOf(result, many, 'A').map((one) => one.typed)).toEqual(['w1', 'w3', 'w5', 'w6']);
  });
});
