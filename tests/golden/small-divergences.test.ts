import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { openZoo } from './zoo';

/** In double precision, by terms that are never below zero. */
function entropyAndDivergence(final: Float64Array, row: Float64Array): readonly [number, number] {
  const max = row.reduce((most, value) => Math.max(most, value));
  const top = row.indexOf(max);
  let others = 0;
  let spread = 0;
  row.forEach((value, id) => {
    if (id !== top) others += Math.exp(value - max);
    spread += Math.exp(value - max) * (max - value);
  });
  const logSum = (values: Float64Array): number => {
    const most = values.reduce((a, b) => Math.max(a, b));
    const at = values.indexOf(most);
    return most + Math.log1p(values.reduce((sum, value, id) => (id === at ? sum : sum + Math.exp(value - most)), 0));
  };
  const [f, q] = [logSum(final), logSum(row)];
  let divergence = 0;
  row.forEach((value, id) => {
    const delta = final[id]! - f - (value - q);
    const p = Math.exp(final[id]! - f);
    // expm1(−δ) + δ loses what it is made of where δ is small.
    divergence +=
      p * (Math.abs(delta) < 1e-2 ? delta ** 2 * (0.5 - delta / 6 + delta ** 2 / 24) : Math.expm1(-delta) + delta);
  });
  return [(Math.log1p(others) + spread / (1 + others)) / Math.LN2, divergence / Math.LN2];
}

const PROMPTS = ['The capital of France is', 'The opposite of hot is', '法国的首都是', 'one, two, three, four,'];

describe.each([
  ['../../public/models/atlas', 'fp32'],
  ['zoo/optimum-gpt2', 'fp32'],
  ['zoo/optimum-gpt2', 'q8'],
] as const)('small entropies and divergences of %s (%s)', (folder, dtype) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(await openZoo(folder, dtype));
  }, 60_000);
  afterAll(() => engine?.dispose());

  it('have the digits that the logits have', async () => {
    const { d_vocab } = engine.info.dims;
    let small = 0;
    for (const prompt of PROMPTS) {
      const tokens = engine.tokenize(prompt).map(({ id }) => id);
      const positions = tokens.map((_, position) => position);
      const spec = { tokens, interventions: [], captures: ['logit_lens' as const] };
      const { lens, captures } = await engine.trace({
        ...spec,
        lens: { positions, midLayers: false, k: 1, targets: [] },
      });
      const logits = captures.get('logit_lens')!.data as Float32Array;
      const rows = lens!.rowDepth.length;
      const rowAt = (row: number, position: number): Float64Array => {
        const from = (row * tokens.length + position) * d_vocab;
        return Float64Array.from(logits.subarray(from, from + d_vocab));
      };
      for (let row = 0; row < rows; row++) {
        for (const position of positions) {
          const cell = row * tokens.length + position;
          const final = rowAt(rows - 1, position);
          const [entropy, divergence] = entropyAndDivergence(final, rowAt(row, position));
          if (entropy > 1e-12) expect(Math.abs(lens!.entropyBits[cell]! / entropy - 1)).toBeLessThan(1e-3);
          if (row === rows - 1) expect(lens!.klBits[cell]).toBe(0);
          // What is left below is the rounding of the logits themselves.
          else if (divergence > 1e-9) expect(Math.abs(lens!.klBits[cell]! / divergence - 1)).toBeLessThan(1e-2);
          else expect(lens!.klBits[cell]).toBeLessThan(2e-9);
          if (entropy < 1e-4 || (divergence < 1e-4 && row < rows - 1)) small++;
        }
      }
    }
    // Atlas is sure of much; random weights are of nothing.
    if (folder.includes('atlas')) expect(small).toBeGreaterThan(5);
  });
});
