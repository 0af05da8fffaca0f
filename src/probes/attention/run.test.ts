import { describe, expect, it } from 'vitest';
import { noWeights, prepared, smallInfo, trace } from '../../../tests/fixtures/probe-input.ts';
import { blockHook } from '../../core/hooks';
import { tensor } from '../../core/tensor';
import type { WeightReader } from '../../core/weights';
import { parseOptions } from '../../core/options';
import { meta } from './meta';
import { plan, read, rollout, valueNorms } from './run';

const pattern = (heads: number[][]) => tensor([heads.length, 2, 2], Float32Array.from(heads.flat()));

describe('rollout', () => {
  it('halves each layer with the identity and multiplies upward', () => {
    // Layer 0 looks back fully, layer 1 half: Â0 = [[1,0],[.5,.5]], Â1 = [[1,0],[.25,.75]]; Â1·Â0 row 1 = [.625,.375].
    const patterns = Float32Array.from([1, 0, 1, 0, 1, 0, 0.5, 0.5]);
    expect([...rollout(patterns, 2, 1, 2)]).toEqual([1, 0, 0.5, 0.5, 1, 0, 0.625, 0.375]);
  });

  it('takes the mean over heads first', () => {
    // Heads [1,0] and [0,1] in the last row: mean [.5,.5], plus identity and renormalised: [.25,.75].
    expect([...rollout(Float32Array.from([1, 0, 1, 0, 1, 0, 0, 1]), 1, 2, 2)]).toEqual([1, 0, 0.25, 0.75]);
  });

  it('keeps rows summing to 1 even where the input rows do not', () => {
    const result = rollout(Float32Array.from([0.5, 0, 0.25, 0.25]), 1, 1, 2);
    expect(result[0]! + result[1]!).toBeCloseTo(1, 6);
    expect(result[2]! + result[3]!).toBeCloseTo(1, 6);
  });
});

describe('value norms', () => {
  it('sends each head’s value through its own slice of W_O', () => {
    // Head 0 copies to axes 0 and 1, head 1 doubles both values onto axis 2.
    const W_O = tensor([2, 2, 3], Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 2]));
    const v = tensor([1, 2, 2], Float32Array.from([3, 4, 1, 1]));
    expect([...valueNorms(v, W_O)]).toEqual([5, 4]);
  });

  it('shares a kv head between the query heads of its group', () => {
    // 4 query heads, 2 kv heads: heads 0, 1 read kv head 0 (value 1), heads 2, 3 read kv head 1 (value 10).
    const W_O = tensor([4, 1, 1], Float32Array.from([1, 2, 3, 4]));
    const v = tensor([1, 2, 1], Float32Array.from([1, 10]));
    expect([...valueNorms(v, W_O)]).toEqual([1, 2, 30, 40]);
  });
});

describe('attention', () => {
  const info = smallInfo();
  const fact = prepared([0, 1], { subjectPositions: [1] });
  const captures = [
    [
      blockHook(0, 'attn.hook_pattern'),
      pattern([
        [1, 0, 0.2, 0.8],
        [1, 0, 0.6, 0.4],
      ]),
    ],
    [
      blockHook(1, 'attn.hook_pattern'),
      pattern([
        [1, 0, 1, 0],
        [1, 0, 0.5, 0.5],
      ]),
    ],
    [blockHook(0, 'attn.hook_v'), tensor([2, 2, 2], Float32Array.from([1, 0, 0, 1, 2, 0, 0, 3]))],
    [blockHook(1, 'attn.hook_v'), tensor([2, 2, 2], new Float32Array(8))],
  ] as const;

  it('captures patterns, and values only when they are weighted', () => {
    const plain = { info, prepared: fact, options: parseOptions(meta.options, undefined) };
    expect(plan(plain).captures).toEqual([blockHook(0, 'attn.hook_pattern'), blockHook(1, 'attn.hook_pattern')]);
    const weighted = { ...plain, options: parseOptions(meta.options, { valueWeighted: true }) };
    expect(plan(weighted).captures).toContain(blockHook(1, 'attn.hook_v'));
  });

  it('gives the subject’s share of the last token’s attention, by layer and head', () => {
    const input = { info, prepared: fact, options: parseOptions(meta.options, undefined) };
    const result = read(input, trace(plan(input), { captures }), noWeights);
    const close = (values: Float32Array) => [...values].map((value) => Number(value.toFixed(6)));
    expect(close(result.subjectShareByHead)).toEqual([0.8, 0.4, 0, 0.5]);
    expect(close(result.subjectShare)).toEqual([0.6, 0.25]);
    expect(result.valueWeighted).toBeUndefined();
    expect(result.rollout).toBeUndefined();
  });

  it('weights each source by how much it would write', () => {
    const input = { info, prepared: fact, options: parseOptions(meta.options, { valueWeighted: true }) };
    const identity = tensor([2, 2, 4], Float32Array.from([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]));
    const reader: WeightReader = { ...noWeights, ofLayer: () => identity };
    const result = read(input, trace(plan(input), { captures }), reader);
    // layer 0: norms head 0 = [1, 2], head 1 = [1, 3]
    const expected = [1, 0, 0.2, 1.6, 1, 0, 0.6, 1.2];
    expected.forEach((value, cell) => expect(result.valueWeighted![cell]).toBeCloseTo(value, 6));
  });

  it('names the part that is missing instead of inventing weights', () => {
    const input = { info, prepared: fact, options: parseOptions(meta.options, { valueWeighted: true }) };
    const none: WeightReader = {
      ...noWeights,
      ofLayer: (layer, name) => ({ missing: name, layer, reason: 'no-part' }),
    };
    const result = read(input, trace(plan(input), { captures }), none);
    expect(result.valueWeighted).toBeUndefined();
    expect(result.valueWeightedMissing).toBe('blocks.0.attn.W_O');
  });
});
