import { describe, expect, it, vi } from 'vitest';
import { runSession } from './run-session';
import type { InferenceSession } from './runtime';
import type { Runtime } from './runtime';
import { TailSession } from './tail-session';

const never = { run: () => new Promise(() => undefined) } as unknown as InferenceSession;
const failing = { run: () => Promise.reject(new Error('std::bad_alloc')) } as unknown as InferenceSession;

describe('a run', () => {
  it('that nothing comes of ends with deadline', async () => {
    await expect(runSession(never, 20, {}, [])).rejects.toMatchObject({ code: 'deadline', details: { seconds: 0.02 } });
  });

  it('that fails has a code, and its deadline is no longer waited for', async () => {
    const stopped = vi.spyOn(globalThis, 'clearTimeout');
    await expect(runSession(failing, 60_000, {}, [])).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(stopped).toHaveBeenCalledOnce();
    stopped.mockRestore();
  });
});

describe('the tail', () => {
  class Tensor {
    constructor(
      readonly type: string,
      readonly data: unknown,
      readonly dims: readonly number[],
    ) {}
  }
  const dims = { n_layers: 1, n_heads: 1, n_kv_heads: 1, d_model: 2, d_head: 2, d_mlp: 4, d_vocab: 3, n_ctx: 8 };
  const tail = (session: InferenceSession) =>
    new TailSession({ Tensor } as unknown as Runtime, session, dims, false, () => Promise.resolve(session), 20);

  it('has the deadline too, in both of its sessions', async () => {
    const streams = [new Float32Array(4), new Float32Array(4)];
    for (const output of ['logits', 'normalized'] as const)
      await expect(tail(never).wide(output, streams, [0, 1], undefined)).rejects.toMatchObject({ code: 'deadline' });
  });
});
