import { describe, expect, it } from 'vitest';
import { measureRuler, type RulerCurve } from './ruler';

const curve = (
  p: readonly number[],
  rank: readonly number[],
  events: RulerCurve['events'],
  depths: readonly number[] = p.map((_, row) => row),
): RulerCurve => ({ n_layers: depths.at(-1)!, depths, p, rank, events });

describe('the ruler on models of equally many layers', () => {
  const full = curve([0, 0.25, 0.75, 1], [9, 2, 1, 1], { first: 2, stable: 2 });
  const coarse = curve([0, 0.125, 0.25, 0.875], [9, 4, 1, 1], { first: 2, stable: 3 });
  const numbers = measureRuler(full, coarse);

  it('lays layer beside layer, second minus first', () => {
    expect(numbers.sameLayers).toBe(true);
    expect(numbers.rows.map((row) => row.difference)).toEqual([0, -0.125, -0.5, -0.125]);
    expect(numbers.rows.map((row) => row.depth)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(numbers.rows[1]!.rank).toEqual([2, 4]);
  });

  it('names the shift of first and stable, the largest gap and the end', () => {
    expect(numbers.first).toEqual({ depth: [2, 2], layers: 0, relative: 0 });
    expect(numbers.stable.depth).toEqual([2, 3]);
    expect(numbers.stable.layers).toBe(1);
    expect(numbers.stable.relative).toBeCloseTo(1 / 3, 12);
    expect(numbers.gap).toMatchObject({ depth: [2, 2], difference: -0.5 });
    expect(numbers.final).toEqual({ p: -0.125, rank: 0 });
  });

  it('turns every sign round when the two change places', () => {
    const turned = measureRuler(coarse, full);
    expect(turned.stable.layers).toBe(-1);
    expect(turned.gap!.difference).toBe(0.5);
    expect(turned.final.p).toBe(0.125);
  });

  it('leaves the shift of what never happens undefined', () => {
    const never = curve([0, 0, 0, 0.1], [9, 8, 7, 6], { first: 1, stable: undefined });
    const { first, stable, final } = measureRuler(full, never);
    expect(first.layers).toBe(-1);
    expect(stable).toEqual({ depth: [2, undefined], layers: undefined, relative: undefined });
    expect(final.rank).toBe(5);
  });

  it('finds nothing between a model and itself', () => {
    const { gap, final, stable } = measureRuler(full, full);
    expect([gap!.difference, final.p, final.rank, stable.layers]).toEqual([0, 0, 0, 0]);
  });
});

describe('the ruler on models of unequal depth', () => {
  // Relative depths 0, 1/2, 1 beside 0, 1/4, 1/2, 3/4, 1.
  const shallow = curve([0, 0.5, 1], [5, 1, 1], { first: 1, stable: 1 });
  const deep = curve([0, 0, 0.25, 1, 1], [5, 5, 2, 1, 1], { first: 3, stable: 3 });
  const numbers = measureRuler(shallow, deep);

  it('compares at every row of either, between rows on the line drawn', () => {
    expect(numbers.sameLayers).toBe(false);
    expect(numbers.rows.map((row) => row.relative)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(numbers.rows.map((row) => row.p[0])).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(numbers.rows.map((row) => row.rank[0])).toEqual([5, undefined, 1, undefined, 1]);
    expect(numbers.rows[1]!.depth).toEqual([0.5, 1]);
    // -1/4 at a quarter, -1/4 at the half, +1/4 at three quarters: the earliest of equals.
    expect(numbers.gap).toMatchObject({ relative: 0.25, difference: -0.25 });
  });

  it('gives the shift in layers and in relative depth', () => {
    expect(numbers.first).toEqual({ depth: [1, 3], layers: 2, relative: 0.25 });
  });

  it('says nothing of depths that one of them does not have', () => {
    const outputOnly = curve([0.5], [1], { first: 0, stable: 0 }, [4]);
    const { rows, gap } = measureRuler(outputOnly, deep);
    expect(rows.map((row) => row.difference)).toEqual([undefined, undefined, undefined, undefined, 0.5]);
    expect(gap).toMatchObject({ relative: 1, difference: 0.5 });
  });

  it('treats thirds and sixths as the depths they are', () => {
    const three = curve([0, 0, 0, 1], [2, 2, 2, 1], { first: 3, stable: 3 });
    const six = curve([0, 0, 0, 0, 0, 0, 1], [2, 2, 2, 2, 2, 2, 1], { first: 6, stable: 6 });
    const { rows } = measureRuler(three, six);
    expect(rows).toHaveLength(7);
    expect(rows.map((row) => row.depth[1])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
