import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { klBits, rankOf, softmax, topK } from '../../src/core/numerics';
import type { LensTable } from '../../src/core/run';
import { slice } from '../../src/core/tensor';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { randomGpt2 } from '../bench/random-gpt2';

/** As many tokens as Gemma has, and so many layers that one column of the lens is more than one run may make. */
const SHAPE = {
  name: 'wide',
  n_layer: 22,
  n_head: 2,
  n_embd: 8,
  n_inner: 8,
  n_positions: 8,
  vocab_size: 262_144,
};
const ROWS = SHAPE.n_layer + 1;
const TOKENS = [17, 262_143, 4096];
const TARGETS = [5, 262_100];
/** Around the place where a column is split, and its ends. */
const LOOKED_AT = [0, 14, 15, 16, 17, ROWS - 2, ROWS - 1];

describe('the lens over a vocabulary of 262,144', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(randomGpt2(SHAPE));
  }, 60_000);
  afterAll(() => engine?.dispose());

  async function lens(onProgress?: (done: number, total: number) => void, signal?: AbortSignal): Promise<LensTable> {
    const request = { positions: [1, 2], midLayers: false, k: 5, targets: TARGETS };
    const spec = { tokens: TOKENS, interventions: [], captures: [], lens: request };
    const options = { ...(onProgress ? { onLensProgress: onProgress } : {}), ...(signal ? { signal } : {}) };
    return (await engine.trace(spec, options)).lens!;
  }

  it('comes in parts of a column, each counted, and says of every cell what its logits say', async () => {
    const progress: number[] = [];
    const table = await lens((done, total) => {
      expect(total).toBe(2 * ROWS);
      progress.push(done);
    });
    expect(progress.at(-1)).toBe(2 * ROWS);
    expect(progress.length).toBeGreaterThan(2);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const spec = { tokens: TOKENS, interventions: [], captures: ['logit_lens'] as const };
    const logits = (await engine.trace(spec)).captures.get('logit_lens')!;
    table.positions.forEach((position, column) => {
      const final = softmax(slice(logits, ROWS - 1, position));
      for (const row of LOOKED_AT) {
        const cell = row * 2 + column;
        const expected = slice(logits, row, position);
        expect([...table.topIds.subarray(cell * 5, cell * 5 + 5)]).toEqual(topK(expected, 5));
        expect(table.klBits[cell]).toBeCloseTo(row === ROWS - 1 ? 0 : klBits(final, softmax(expected)), 3);
        TARGETS.forEach((id, index) => expect(table.targetRanks[cell * 2 + index]).toBe(rankOf(expected, id)));
      }
    });
  }, 60_000);

  it('can be cancelled between two parts', async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const cancelled = lens((done) => {
      seen.push(done);
      abort.abort();
    }, abort.signal);
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBeLessThan(ROWS);
  });
});
