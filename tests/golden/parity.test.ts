import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StrataError } from '../../src/core/errors';
import { expandHooks, type HookName } from '../../src/core/hooks';
import type { Intervention } from '../../src/core/interventions';
import { topK } from '../../src/core/numerics';
import { slice, type Tensor } from '../../src/core/tensor';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { HELD_TO_PYTORCH } from './layouts';
import { largestDifference, openZoo, Reference } from './zoo';

describe.each(HELD_TO_PYTORCH)('$folder ($dtype) against PyTorch', ({ folder, dtype, tolerance, reference: path }) => {
  let engine: Engine;
  let reference: Reference;
  let readsText: boolean;

  beforeAll(async () => {
    reference = await Reference.open(path);
    const files = await openZoo(folder, dtype);
    readsText = files.tokenizer !== undefined;
    engine = await createEngine(files);
  }, 60_000);
  afterAll(() => engine?.dispose());

  async function capture(
    prompt: number,
    hooks: readonly HookName[],
    interventions: readonly Intervention[] = [],
  ): Promise<ReadonlyMap<HookName, Tensor>> {
    const trace = await engine.trace({ tokens: reference.tokens(prompt), interventions, captures: hooks });
    return trace.captures;
  }

  it('reads the prompts as the same tokens, or says that it reads no text', () => {
    const stored = reference.metadata['prompts'];
    if (!readsText) {
      expect(stored).toBeUndefined();
      expect(() => engine.tokenize('text')).toThrow(StrataError);
      return;
    }
    const texts = JSON.parse(stored ?? '[]') as string[];
    expect(texts).toHaveLength(reference.prompts.length);
    texts.forEach((text, prompt) => {
      expect(engine.tokenize(text).map((token) => token.id)).toEqual(reference.tokens(prompt));
    });
  });

  it('gives every stored hook of every prompt', async () => {
    for (const prompt of reference.prompts) await compareHooks(prompt);
  });

  async function compareHooks(prompt: number): Promise<void> {
    const names = reference.names(prompt).filter((name) => /^(blocks\.|logits$|logit_lens$)/.test(name));
    const { hooks, unmatched } = expandHooks(names.join(), engine.info.hooks);
    expect(unmatched).toEqual([]);
    // The stream before and after every layer, the logits, and some attention.
    expect(hooks.length).toBeGreaterThan(2 * engine.info.dims.n_layers + 1);
    expect(hooks.length).toBe(names.length);
    const captures = await capture(prompt, hooks);
    const worst = hooks.map(
      (hook) => [hook, largestDifference(captures.get(hook)!.data, reference.get(prompt, hook).data)] as const,
    );
    expect(worst.filter(([, difference]) => !(difference <= tolerance))).toEqual([]);
  }

  it('has the same top five tokens in every lens cell', async () => {
    const stored = reference.prompts.filter((prompt) => reference.names(prompt).includes('logit_lens'));
    expect(stored).toContain(0);
    for (const prompt of stored) await compareLens(prompt);
  });

  async function compareLens(prompt: number): Promise<void> {
    const tokens = reference.tokens(prompt);
    const { lens } = await engine.trace({
      tokens,
      interventions: [],
      captures: [],
      lens: { positions: 'all', midLayers: false, k: 5, targets: [] },
    });
    const expected = reference.get(prompt, 'logit_lens');
    const different: string[] = [];
    for (let row = 0; row <= engine.info.dims.n_layers; row++) {
      for (let position = 0; position < tokens.length; position++) {
        const logits = slice(expected, row, position);
        const best = topK(logits, 5);
        const cell = (row * tokens.length + position) * 5;
        const ours = Array.from(lens!.topIds.subarray(cell, cell + 5));
        // Neighbours closer than the tolerance may stand the other way round.
        const swapped = ours.some(
          (id, index) => Math.abs(logits[id]! - logits[best[index]!]!) > (dtype === 'fp32' ? 1e-5 : tolerance),
        );
        if (swapped) different.push(`${row}/${position}: ${ours.join()} instead of ${best.join()}`);
      }
    }
    expect(different).toEqual([]);
  }

  const last = (prompt: number): number => reference.tokens(prompt).length - 1;
  const experiments: readonly (readonly [string, (prompt: number) => Intervention])[] = [
    [
      'steer.logits',
      (prompt) => ({
        kind: 'add',
        hook: 'blocks.1.hook_resid_post',
        pos: [1],
        vector: Array.from(reference.get(prompt, 'steer.vector').data),
      }),
    ],
    ['ablate_head_1_2.logits', () => ({ kind: 'ablate', hook: 'blocks.1.attn.hook_z', head: [2], mode: 'zero' })],
    [
      'knockout_edge_last_to_1_layers_1_2.logits',
      (prompt) => ({ kind: 'knockout', layers: [1, 2], heads: 'all', dest: [last(prompt)], src: [1] }),
    ],
  ];
  it.each(experiments)('gives %s', async (name, intervention) => {
    for (const prompt of reference.prompts) {
      const captures = await capture(prompt, ['logits'], [intervention(prompt)]);
      expect(largestDifference(captures.get('logits')!.data, reference.get(prompt, name).data)).toBeLessThanOrEqual(
        tolerance,
      );
      const unchanged = reference.get(prompt, 'logits');
      expect(largestDifference(captures.get('logits')!.data, unchanged.data)).toBeGreaterThan(10 * 1e-4);
    }
  });
});
