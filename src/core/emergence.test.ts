import { describe, expect, it } from 'vitest';
import { emergence } from './emergence';

describe('emergence', () => {
  it('tells a passing lead from a lasting one', () => {
    //            E     1     2    3    4     5
    const p = [0.001, 0.01, 0.3, 0.2, 0.5, 0.9];
    const rank = [400, 11, 1, 2, 1, 1];
    expect(emergence(p, rank)).toEqual({ first: 2, stable: 4, half: 4, top10: 2 });
  });

  it('leaves what never happens undefined', () => {
    expect(emergence([0.1, 0.1], [50, 12])).toEqual({ first: undefined, stable: undefined, half: 0, top10: undefined });
    expect(emergence([0, 0], [9, 9]).half).toBeUndefined();
  });

  it('does not call an early lead stable when it is lost at the end', () => {
    expect(emergence([0.9, 0.9, 0.1], [1, 1, 2])).toMatchObject({ first: 0, stable: undefined });
  });

  it('counts the embedding row as depth 0', () => {
    expect(emergence([0.9, 0.9], [1, 1])).toMatchObject({ first: 0, stable: 0, half: 0, top10: 0 });
  });
});
