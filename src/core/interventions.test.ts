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
      { kind: 'knockout', layers: [1, 2], heads: 'all', dest: [-1], src: [1] },
      { kind: 'edit', layer: 2, key: [1], value: [2] },
    ];
    expect(parseInterventions(examples)).toEqual(examples);
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
    expect(codeOf([{ kind: 'toString' }])).toMatch(/"kind"/);
    expect(codeOf([null])).toMatch(/object/);
  });
});
