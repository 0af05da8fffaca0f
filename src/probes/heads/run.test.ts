import { describe, expect, it } from 'vitest';
import { smallInfo, trace } from '../../../tests/fixtures/probe-input.ts';
import { distinctIds } from '../../core/random';
import { tensor } from '../../core/tensor';
import { patternHook, plan } from './plan';
import { headScores, headLabel, read } from './run';

/** A `[1, T, T]` pattern where every dest looks at one source. */
function lookingAt(T: number, src: (dest: number) => number) {
  const data = new Float32Array(T * T);
  for (let dest = 0; dest < T; dest++) data[dest * T + src(dest)] = 1;
  return tensor([1, T, T], data);
}

describe('head scores on BOS a b c a b c', () => {
  const score = (src: (dest: number) => number) => headScores(lookingAt(7, src), 0, 3, 1);

  it('finds a previous-token head', () => {
    expect(score((dest) => Math.max(0, dest - 1))).toEqual({ previous: 1, duplicate: 0, induction: 0, bos: 0 });
  });

  it('finds a duplicate-token head, which rests on BOS while nothing repeats', () => {
    // dest 2 … 6: two rest on BOS, three look 3 back
    expect(score((dest) => (dest > 3 ? dest - 3 : 0))).toEqual({ previous: 0, duplicate: 1, induction: 0, bos: 0.4 });
  });

  it('finds an induction head: the token after the earlier same token', () => {
    expect(score((dest) => (dest > 3 ? dest - 2 : 0))).toEqual({ previous: 0, duplicate: 0, induction: 1, bos: 0.4 });
  });

  it('finds a sink', () => {
    expect(score(() => 0)).toEqual({ previous: 0, duplicate: 0, induction: 0, bos: 1 });
  });

  it('shares evenly spread attention out', () => {
    const even = tensor(
      [1, 7, 7],
      Float32Array.from({ length: 49 }, (_, i) => (i % 7 <= Math.floor(i / 7) ? 1 / (Math.floor(i / 7) + 1) : 0)),
    );
    // second copy is dest 4, 5, 6: (1/5 + 1/6 + 1/7) / 3
    expect(headScores(even, 0, 3, 1).induction).toBeCloseTo((1 / 5 + 1 / 6 + 1 / 7) / 3, 6);
  });

  it('works without BOS', () => {
    expect(
      headScores(
        lookingAt(6, (dest) => (dest > 2 ? dest - 2 : 0)),
        0,
        3,
        0,
      ).induction,
    ).toBe(1);
  });
});

describe('labels', () => {
  const none = { previous: 0, duplicate: 0, induction: 0, bos: 0 };
  it('prefers what a head does with content over where it rests', () => {
    expect(headLabel({ ...none, induction: 0.4, bos: 0.6 }, 0.3)).toEqual({ kind: 'induction', score: 0.4 });
    expect(headLabel({ ...none, induction: 0.2, bos: 0.6 }, 0.3)).toEqual({ kind: 'bos', score: 0.6 });
    expect(headLabel({ ...none, induction: 0.2, bos: 0.1 }, 0.3)).toEqual({ kind: 'none', score: 0.2 });
  });
});

describe('heads', () => {
  const info = smallInfo({ specialTokenIds: [0, 7] });
  const options = { n: 3, seeds: 2, threshold: 0.3 };
  const input = { info, options };

  it('repeats distinct ordinary tokens after BOS, another sequence for each seed', () => {
    const specs = plan(input);
    for (const { tokens } of specs) {
      expect(tokens).toHaveLength(7);
      expect(tokens[0]).toBe(0);
      expect(tokens.slice(1, 4)).toEqual(tokens.slice(4));
      expect(new Set(tokens.slice(1, 4)).size).toBe(3);
      expect(tokens.slice(1)).not.toContain(0);
      expect(tokens.slice(1)).not.toContain(7);
    }
    expect(specs[0]!.tokens).not.toEqual(specs[1]!.tokens);
    expect(plan(input)).toEqual(specs);
  });

  it('starts with the end-of-text token where the tokenizer puts no BOS, and with neither where there is none', () => {
    const without = (eosTokenIds: readonly number[]) => {
      const { bosTokenId: _, ...rest } = smallInfo({ specialTokenIds: [7], eosTokenIds });
      return { ...input, info: rest };
    };
    // An id beyond the vocabulary is no token of this model.
    const gpt2 = without([50256, 3]);
    for (const { tokens } of plan(gpt2)) {
      expect(tokens).toHaveLength(7);
      expect(tokens[0]).toBe(3);
      expect(tokens.slice(1)).not.toContain(3);
      expect(tokens.slice(1, 4)).toEqual(tokens.slice(4));
    }
    const bare = without([]);
    expect(plan(bare).map(({ tokens }) => tokens.length)).toEqual([6, 6]);

    const scoresOf = (given: typeof gpt2, T: number, n: number) => {
      const pattern = lookingAt(T, (dest) => Math.max(0, dest - n + 1));
      const two = tensor([2, T, T], Float32Array.from([...pattern.data, ...pattern.data]));
      const traces = plan(given).map((spec) =>
        trace(spec, {
          captures: [
            [patternHook(0), two],
            [patternHook(1), two],
          ],
        }),
      );
      return read(given, traces);
    };
    // Looking n − 1 back is the token after the earlier copy, wherever the sequence starts.
    const withEos = scoresOf(gpt2, 7, 3);
    expect(withEos).toMatchObject({ start: 'eos', n: 3 });
    expect([...withEos.induction]).toEqual([1, 1, 1, 1]);
    // dest 2 rests on position 0, dest 3 … 6 look two back.
    expect(withEos.bos[0]).toBeCloseTo(1 / 5);
    const withNone = scoresOf(bare, 6, 3);
    expect(withNone).toMatchObject({ start: 'none', n: 3 });
    expect([...withNone.induction]).toEqual([1, 1, 1, 1]);
  });

  it('takes what fits the context and the vocabulary', () => {
    const wanted = { ...input, options: { ...options, n: 50 } };
    // 8 ids, 2 special: 6 ordinary ones
    expect(plan(wanted)[0]!.tokens).toHaveLength(1 + 2 * 6);
    const tight = { ...wanted, info: smallInfo({ dims: { ...info.dims, n_ctx: 8 } }) };
    expect(plan(tight)[0]!.tokens).toHaveLength(1 + 2 * 3);
    const tiny = { ...wanted, info: smallInfo({ dims: { ...info.dims, n_ctx: 4 } }) };
    expect(() => plan(tiny)).toThrowError(/too short/);
  });

  it('draws no id that stands for nothing, nor a special one', () => {
    const ordinary = [1, 4, 6];
    const idsWithoutText = [2, 3, 5, 7];
    const { info } = input;
    const specs = plan({ ...input, info: { ...info, specialTokenIds: [0], idsWithoutText } });
    for (const { tokens } of specs) {
      const [, ...random] = tokens;
      expect(new Set(random)).toEqual(new Set(ordinary));
    }
    for (const { tokens } of plan({ ...input, info: { ...info, specialTokenIds: [0], idsRead: 3 } }))
      expect(new Set(tokens.slice(1))).toEqual(new Set([1, 2]));
    // As many as there are, and no prompt of fewer than two.
    const few = smallInfo({ specialTokenIds: [0], idsWithoutText: [2, 3, 4, 5, 6, 7] });
    expect(() => plan({ ...input, info: few })).toThrowError(/too short/);
  });

  it('says why when no pattern can be read', () => {
    const reason = { code: 'several-softmaxes', details: { count: 3 } } as const;
    const blind = smallInfo({ hooks: ['logits'], missing: [{ part: 'inside-attention', layer: 0, reason }] });
    expect(() => plan({ ...input, info: blind })).toThrowError(/several-softmaxes/);
  });

  it('averages over the sequences', () => {
    const induction = lookingAt(7, (dest) => (dest > 3 ? dest - 2 : 0));
    const sink = lookingAt(7, () => 0);
    const both = (one: typeof sink, two: typeof sink) =>
      tensor([2, 7, 7], Float32Array.from([...one.data, ...two.data]));
    const specs = plan(input);
    const traces = [both(induction, sink), both(sink, sink)].map((pattern, seed) =>
      trace(specs[seed]!, {
        captures: [
          [patternHook(0), pattern],
          [patternHook(1), pattern],
        ],
      }),
    );
    const result = read(input, traces);
    expect([...result.induction]).toEqual([0.5, 0, 0.5, 0]);
    expect(result.labels.map((label) => label.kind)).toEqual(['induction', 'bos', 'induction', 'bos']);
    expect(result).toMatchObject({ n: 3, seeds: 2, start: 'bos', threshold: 0.3, layers: [0, 1] });
  });
});

describe('distinctIds', () => {
  it('draws every id about equally often', () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 1; seed <= 1000; seed++) for (const id of distinctIds(3, 10, [0], seed)) counts[id]!++;
    expect(counts[0]).toBe(0);
    // 3000 draws over 9 ids: 333 each, standard deviation about 15
    for (const count of counts.slice(1)) expect(Math.abs(count - 333)).toBeLessThan(75);
  });
});
