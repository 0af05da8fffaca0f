import { describe, expect, it } from 'vitest';
import { StrataError } from './errors';
import { parseInterventions } from './interventions';

function codeOf(value: unknown): string {
  try {
    parseInterventions(value);
  } catch (error) {
    return error instanceof StrataError ? `${error.code}: ${error.message}` : `not ours: ${String(error)}`;
  }
  return 'accepted';
}

describe('interventions from JSON', () => {
  it('accepts every example of the specification', () => {
    const examples = [
      { kind: 'add', hook: 'blocks.1.hook_resid_post', pos: [1], vector: [0.5, -1] },
      { kind: 'set', hook: 'blocks.3.hook_mlp_out', pos: [2], vector: [1, 2] },
      { kind: 'ablate', hook: 'blocks.1.attn.hook_z', head: [2], mode: 'zero' },
      { kind: 'ablate', hook: 'blocks.1.mlp.hook_post', neuron: [4, 7], mode: 'mean' },
      { kind: 'scale', hook: 'blocks.1.mlp.hook_post', neuron: [4], pos: [-1], by: 0.5 },
      { kind: 'knockout', layers: [1, 2], heads: 'all', dest: [-1], src: [1] },
      { kind: 'edit', layer: 2, key: [1], value: [2] },
    ];
    expect(parseInterventions(examples)).toEqual(examples);
  });

  it('fills in what may be left out', () => {
    const ablate = { kind: 'ablate', hook: 'blocks.1.hook_mlp_out' };
    const knockout = { kind: 'knockout', layers: [1], dest: [2], src: [0] };
    expect(parseInterventions([ablate, knockout])).toEqual([
      { ...ablate, mode: 'zero' },
      { ...knockout, heads: 'all' },
    ]);
  });

  it('names the item that is wrong and why', () => {
    expect(codeOf({})).toMatch(/^invalid-intervention: .*list/);
    expect(codeOf([{ kind: 'knockout', layers: [], dest: [0], src: [0] }])).toMatch(/Intervention 1: "layers"/);
    expect(
      codeOf([
        { kind: 'add', hook: 'logits', vector: [1] },
        { kind: 'add', hook: 'blocks.0.hook_x', vector: [1] },
      ]),
    ).toMatch(/^unknown-hook: Intervention 2: .*blocks\.0\.hook_x/);
    expect(codeOf([{ kind: 'set', hook: 'blocks.0.hook_mlp_out', vector: [Number.NaN] }])).toMatch(/finite/);
    expect(codeOf([{ kind: 'ablate', hook: 'blocks.0.hook_mlp_out', mode: 'max' }])).toMatch(/"mode"/);
    expect(codeOf([{ kind: 'toString' }])).toMatch(/"kind" must be one of add, set, ablate, scale, knockout, edit\./);
    expect(codeOf([{ kind: 'add', vector: [1] }])).toMatch(/^unknown-hook: Intervention 1: .*undefined/);
    const mlp = 'blocks.0.hook_mlp_out';
    expect(codeOf([{ kind: 'scale', hook: mlp, by: Infinity }])).toMatch(/"by" must be a finite number/);
    expect(codeOf([{ kind: 'ablate', hook: mlp, pos: [0.5] }])).toMatch(/"pos" must be .*whole numbers/);
    expect(codeOf([{ kind: 'set', hook: mlp, vector: [] }])).toMatch(/"vector" must be a non-empty list/);
    expect(codeOf([{ kind: 'edit', layer: 1, value: [1] }])).toMatch(/"key" must be a non-empty list/);
    expect(codeOf([{ kind: 'knockout', layers: [1], heads: 'some', dest: [0], src: [0] }])).toMatch(/"heads" must be/);
    expect(codeOf([null])).toMatch(/object/);
  });
});
