import { describe, expect, it } from 'vitest';
import { ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import type { GeneratedToken, WriteOptions } from '../core/writing';
import { writeOn } from './write-on';

const greedy: WriteOptions = { maxTokens: 3, temperature: 0, topK: 0, topP: 1, seed: 1, alternatives: 2 };
const pause = () => Promise.resolve();
/** BOS and letters, as the scripted engine reads them. */
const ids = (text: string): number[] => [0, ...[...text].map((letter) => letter.charCodeAt(0) - 0x60)];

async function write(engine: ScriptedEngine, prompt: string, change: Partial<WriteOptions> = {}, signal?: AbortSignal) {
  const tokens: GeneratedToken[] = [];
  const live = signal ?? new AbortController().signal;
  const writing = writeOn({ engine, pause }, ids(prompt), { ...greedy, ...change }, live);
  for (;;) {
    const step = await writing.next();
    if (step.done) return { tokens, finish: step.value };
    tokens.push(step.value);
  }
}

describe('writing on', () => {
  it('goes on from the prompt, each token with what else was likely', async () => {
    const engine = new ScriptedEngine();
    // after token n the model says n + 1
    engine.next = (tokens) => Array.from({ length: 8 }, (_, id) => (id === tokens.at(-1)! + 1 ? Math.log(7) : 0));
    const { tokens, finish } = await write(engine, 'ab');
    expect(tokens.map(({ token }) => token.id)).toEqual([3, 4, 5]);
    expect(finish).toBe('length');
    // weights 7 : 1×7
    expect(tokens[0]!.probability).toBeCloseTo(0.5, 6);
    expect(tokens[0]!.alternatives.map(({ token }) => token.id)).toEqual([3, 0]);
    expect(tokens[0]!.alternatives[1]!.probability).toBeCloseTo(1 / 14, 6);
  });

  it('ends at an end token', async () => {
    const engine = new ScriptedEngine();
    engine.next = (tokens) => (tokens.length < 5 ? [0, 0, 0, 0, 0, 9, 0, 0] : [9, 0, 0, 0, 0, 0, 0, 0]);
    const { tokens, finish } = await write(engine, 'ab', { maxTokens: 10 });
    expect(finish).toBe('end-token');
    expect(tokens).toHaveLength(3);
  });

  it('ends when the context is full', async () => {
    const { tokens, finish } = await write(new ScriptedEngine(), 'aaaaaaaaaaaa', { maxTokens: 100 });
    // BOS + 12 leave 3 of 16
    expect(finish).toBe('context-full');
    expect(tokens).toHaveLength(3);
  });

  it('is held to what there is memory for, as a prompt is', async () => {
    const engine = new ScriptedEngine({ limits: { tokens: 8, reason: 'memory', attentionTokens: 8 } });
    const { tokens, finish } = await write(engine, 'aaaaa', { maxTokens: 100 });
    expect([finish, tokens.length]).toEqual(['memory-full', 2]);
    await expect(write(engine, 'a'.repeat(8))).rejects.toMatchObject({
      code: 'prompt-too-long',
      details: { over: 1, reason: 'memory', fits: 8 },
    });
  });

  it('is stopped between two tokens', async () => {
    const abort = new AbortController();
    const engine = new ScriptedEngine();
    const writing = writeOn({ engine, pause }, ids('a'), { ...greedy, maxTokens: 9 }, abort.signal);
    expect((await writing.next()).done).toBe(false);
    abort.abort();
    await expect(writing.next()).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('refuses a prompt that does not fit', async () => {
    const long = write(new ScriptedEngine(), 'a'.repeat(20));
    await expect(long).rejects.toMatchObject({ code: 'prompt-too-long', details: { over: 5, n_ctx: 16 } });
  });

  it('draws the same after a break as without one', async () => {
    const engine = new ScriptedEngine();
    const sampled = { temperature: 1, seed: 9, maxTokens: 6 };
    const { tokens } = await write(engine, 'ab', sampled);
    const drawn = tokens.map(({ token }) => token.id);
    const text =
      'ab' +
      drawn
        .slice(0, 3)
        .map((id) => String.fromCharCode(0x60 + id))
        .join('');
    const rest = await write(engine, text, { ...sampled, written: 3 });
    expect(rest.tokens.map(({ token }) => token.id)).toEqual(drawn.slice(3));
  });
});
