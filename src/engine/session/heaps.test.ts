import { expect, it } from 'vitest';
import { createEngine } from '../create-engine';
import { heapBytes, watchHeaps } from './heaps';
import { randomGpt2 } from '../../../tests/bench/random-gpt2';

const SHAPE = { name: 'small', n_layer: 2, n_head: 2, n_embd: 64, n_inner: 64, n_positions: 8, vocab_size: 20_000 };
const WEIGHT_BYTES = 2 * SHAPE.vocab_size * SHAPE.n_embd * 4;

it('the memory of ONNX Runtime is measured: nothing before it starts, and afterwards what the weights take', async () => {
  watchHeaps();
  expect(heapBytes()).toBeUndefined();
  const engine = await createEngine(randomGpt2(SHAPE));
  const small = heapBytes()!;
  expect(small).toBeGreaterThan(WEIGHT_BYTES / 2);
  const second = await createEngine(randomGpt2({ ...SHAPE, vocab_size: 60_000 }));
  expect(heapBytes()!).toBeGreaterThan(small);
  await engine.dispose();
  await second.dispose();
}, 60_000);
