import { describe, expect, it } from 'vitest';
import { depthOf, layerOf } from './place';

describe('one selection', () => {
  it('finds a head in the row that its layer ends with, as a layer’s row finds its heads', () => {
    expect(depthOf({ head: { layer: 0, head: 3 } })).toBe(1);
    expect(layerOf({ head: { layer: 0, head: 3 } })).toBe(0);
    expect(layerOf({ depth: 1 })).toBe(0);
  });

  it('counts a mid-layer row to the layer it is in, and the embedding to none', () => {
    expect(layerOf({ depth: 2.5 })).toBe(2);
    expect(layerOf({ depth: 0 })).toBeUndefined();
    expect([depthOf({ position: 4 }), layerOf({ tokenId: 4 }), layerOf(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
