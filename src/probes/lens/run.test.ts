import { describe, expect, it } from 'vitest';
import { answer, lensTable, prepared, trace } from '../../../tests/fixtures/probe-input.ts';
import { parseOptions } from '../../core/options';
import { meta } from './meta';
import { plan, read } from './run';

const spread = (top: Record<number, number>): number[] => Array.from({ length: 8 }, (_, id) => top[id] ?? 0.001 * id);

describe('lens', () => {
  const fact = prepared([0, 1, 2], { answers: [answer('a', [5], 3), answer('b', [6], 3)], foil: answer('f', [7], 3) });
  const input = { prepared: fact, options: parseOptions(meta.options, undefined) };

  it('asks for every position, with the answers and the foil as targets', () => {
    expect(plan(input)).toMatchObject({
      tokens: [0, 1, 2],
      captures: [],
      lens: { positions: 'all', targets: [5, 6, 7], k: 10 },
    });
  });

  it('adds the accepted answers up and takes the best rank, in every cell', () => {
    const elsewhere = spread({ 1: 0.5 });
    const table = lensTable(
      [
        [elsewhere, elsewhere, spread({ 3: 0.6, 5: 0.1, 6: 0.2 })],
        [elsewhere, elsewhere, spread({ 5: 0.5, 6: 0.25 })],
        [elsewhere, elsewhere, spread({ 6: 0.7, 5: 0.2 })],
      ],
      [0, 1, 2],
      [5, 6, 7],
      2,
    );
    const result = read(input, trace(plan(input), { lens: table }));
    expect(result.answerColumn).toBe(2);
    expect(result.foilId).toBe(7);
    // row 0, last column: 0.1 + 0.2; 3 leads, then 6, so the better of the two answers has rank 2
    expect(result.answerProbs[2]).toBeCloseTo(0.3, 6);
    expect(result.answerRanks[2]).toBe(2);
    expect(result.answerProbs[5]).toBeCloseTo(0.75, 6);
    expect(result.answerRanks[8]).toBe(1);
    expect([result.first, result.stable]).toEqual([1, 1]);
    expect(new Set(result.tokenIds)).toEqual(new Set([1, 7, 3, 6, 5]));
  });

  it('reads the column before a token that the answer changes', () => {
    const joined = prepared([0, 1, 2], { answers: [{ ...answer('a', [5], 2), seamChanged: true }] });
    const table = lensTable([[spread({ 1: 0.5 }), spread({ 5: 0.9 }), spread({ 2: 0.5 })]], [0, 1, 2], [5], 1);
    const result = read({ prepared: joined }, trace(plan({ ...input, prepared: joined }), { lens: table }));
    expect(result.answerColumn).toBe(1);
    expect(result.first).toBe(0);
  });

  it('refuses options out of range by name', () => {
    expect(() => parseOptions(meta.options, { k: 0 })).toThrowError(/"k" must be a whole number from 1 to 50/);
    expect(() => parseOptions(meta.options, [])).toThrowError(/must be an object/);
    expect(parseOptions(meta.options, undefined)).toEqual({ midLayers: false, k: 10 });
  });
});
