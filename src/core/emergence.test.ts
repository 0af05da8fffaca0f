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

  it('is of whole layers, whether or not the rows between are looked at', () => {
    //              E   E½   1   1½   2   2½   3
    const depths = [0, 0.5, 1, 1.5, 2, 2.5, 3];
    const p = [0, 0.2, 0.1, 0.9, 0.5, 0.1, 0.8];
    const rank = [90, 1, 2, 1, 1, 3, 1];
    expect(emergence(p, rank, depths)).toEqual({ first: 4, stable: 4, half: 4, top10: 2 });
    const whole = [0, 2, 4, 6];
    const alone = emergence(
      whole.map((row) => p[row]!),
      whole.map((row) => rank[row]!),
    );
    expect(alone).toEqual({ first: 2, stable: 2, half: 2, top10: 1 });
  });

  it('counts the embedding row as depth 0', () => {
    expect(emergence([0.9, 0.9], [1, 1])).toMatchObject({ first: 0, stable: 0, half: 0, top10: 0 });
  });
});
