import { describe, expect, it } from 'vitest';
import { Selection } from './Selection.svelte';

describe('the selection', () => {
  it('lets go of what a text or a model does not have, and of nothing else', () => {
    const selection = new Selection();
    const pins = [
      { depth: 2, position: 4 },
      { depth: 2, position: 5 },
      { depth: 9, position: 0 },
      { depth: 8, position: 0 },
    ];
    selection.restore({ head: { layer: 7, head: 5 }, column: 4, looker: 5, pins });
    selection.keepWithin({ positions: 5, n_layers: 8, n_heads: 6 });
    expect(selection.chosen).toEqual({
      head: { layer: 7, head: 5 },
      column: 4,
      looker: undefined,
      pins: [pins[0], pins[3]],
    });
    selection.keepWithin({ positions: 4, n_layers: 8, n_heads: 5 });
    expect(selection.chosen).toEqual({ head: undefined, column: undefined, looker: undefined, pins: [pins[3]] });
  });
});
