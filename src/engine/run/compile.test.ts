import { describe, expect, it } from 'vitest';
import { StrataError } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import { parseInterventions, type Intervention } from '../../core/interventions';
import { tensor } from '../../core/tensor';
import type { Site } from '../../onnx/attention';
import { planInterventions } from './compile';

const DIMS = { n_layers: 2, n_heads: 2, n_kv_heads: 1, d_model: 4, d_head: 2, d_mlp: 3, d_vocab: 9, n_ctx: 8 };
const place = (layout: Site['layout']): Site => ({ tensor: 't', layout });
const SITES = new Map<HookName, Site>([
  ['blocks.0.hook_resid_post', place('positions-first')],
  ['blocks.0.attn.hook_z', place('heads-first')],
  ['blocks.0.attn.hook_attn_scores', place('heads-first')],
  ['blocks.0.attn.hook_pattern', place('heads-first')],
  ['blocks.0.mlp.hook_post', place('positions-first')],
]);

const TARGET = { dims: DIMS, sites: SITES };

function feeds(list: readonly Intervention[], clean = new Map()) {
  const values = planInterventions(list, TARGET, 3).feeds(clean);
  return Object.fromEntries(
    [...values].map(([name, { dims, data }]) => [name, { dims: [...dims], data: Array.from(data) }]),
  );
}

function complaint(value: unknown): string {
  try {
    planInterventions(parseInterventions(value), TARGET, 3);
  } catch (cause) {
    return cause instanceof StrataError ? `${cause.code}: ${cause.message}` : String(cause);
  }
  return 'accepted';
}

describe('what interventions feed', () => {
  it('composes in list order where two meet', () => {
    const found = feeds([
      { kind: 'add', hook: 'blocks.0.hook_resid_post', pos: [-1], vector: [1, 2, 3, 4] },
      { kind: 'set', hook: 'blocks.0.hook_resid_post', pos: [0], vector: [9, 9, 9, 9] },
      { kind: 'add', hook: 'blocks.0.hook_resid_post', pos: [0], vector: [1, 0, 0, 0] },
    ]);
    expect(found['strata.scale.blocks.0.hook_resid_post']).toEqual({
      dims: [3, 4],
      data: [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
    });
    expect(found['strata.shift.blocks.0.hook_resid_post']!.data).toEqual([10, 9, 9, 9, 0, 0, 0, 0, 1, 2, 3, 4]);
  });

  it('orders heads as the graph does', () => {
    const found = feeds([{ kind: 'ablate', hook: 'blocks.0.attn.hook_z', head: [1], pos: [2], mode: 'zero' }]);
    expect(found['strata.scale.blocks.0.attn.hook_z']).toEqual({
      dims: [2, 3, 2],
      data: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
    });
  });

  it('replaces neurons by their mean over the clean run’s positions', () => {
    const clean = new Map([['blocks.0.mlp.hook_post', tensor([3, 3], Float32Array.from([1, 0, 0, 2, 0, 0, 6, 0, 5]))]]);
    const list: Intervention[] = [
      { kind: 'ablate', hook: 'blocks.0.mlp.hook_post', neuron: [0], pos: [1], mode: 'mean' },
    ];
    expect(planInterventions(list, TARGET, 3).cleanHooks).toEqual(['blocks.0.mlp.hook_post']);
    expect(feeds(list, clean)['strata.shift.blocks.0.mlp.hook_post']!.data).toEqual([0, 0, 0, 3, 0, 0, 0, 0, 0]);
  });

  it('cuts edges of the chosen heads', () => {
    const found = feeds([{ kind: 'knockout', layers: [0], heads: [1], dest: [-1], src: [0, 1] }]);
    const { dims, data } = found['strata.mask.0']!;
    expect(dims).toEqual([2, 3, 3]);
    expect(data.map((value) => value === -Infinity)).toEqual([
      ...new Array<boolean>(15).fill(false),
      true,
      true,
      false,
    ]);
  });

  it('puts several edits of one layer side by side', () => {
    const found = feeds([
      { kind: 'edit', layer: 0, key: [1, 2, 3], value: [1, 0, 0, 0] },
      { kind: 'edit', layer: 0, key: [4, 5, 6], value: [0, 1, 0, 0] },
    ]);
    expect(found['strata.key.0']).toEqual({ dims: [3, 2], data: [1, 4, 2, 5, 3, 6] });
    expect(found['strata.value.0']).toEqual({ dims: [2, 4], data: [1, 0, 0, 0, 0, 1, 0, 0] });
  });
});

describe('interventions that do not fit the model', () => {
  const post = 'blocks.0.hook_resid_post';
  it.each([
    [{ kind: 'add', hook: post, vector: [1] }, /"vector" needs 4 numbers, not 1/],
    [{ kind: 'add', hook: post, vector: [1, 2, 3, 4], pos: [3] }, /position 3 is outside 0 … 2/],
    [{ kind: 'add', hook: post, vector: [1, 2, 3, 4], head: [0] }, /has no heads/],
    [{ kind: 'ablate', hook: post, neuron: [0] }, /has no neurons/],
    [{ kind: 'add', hook: 'blocks.1.hook_resid_post', vector: [1, 2, 3, 4] }, /^unknown-hook.*blocks\.1/],
    [{ kind: 'set', hook: 'blocks.0.attn.hook_pattern', vector: [1, 2] }, /cannot be changed/],
    [{ kind: 'knockout', layers: [0], heads: [2], dest: [1], src: [0] }, /head 2 is outside/],
    [{ kind: 'knockout', layers: [5], heads: 'all', dest: [1], src: [0] }, /no layer 5/],
    [{ kind: 'knockout', layers: [0], heads: 'all', dest: [1], src: [0, 1] }, /position 1 would have nothing left/],
    [{ kind: 'knockout', layers: [0], heads: 'all', dest: [0], src: [0] }, /position 0 would have nothing left/],
    [{ kind: 'edit', layer: 0, key: [1], value: [1, 2, 3, 4] }, /"key" needs 3/],
  ])('%j is refused', (item, expected) => {
    expect(complaint([item])).toMatch(expected);
  });
});
