import { describe, expect, it } from 'vitest';
import { ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import type { GenerateRequest } from '../core/model-api';
import { generate } from './generate';

const greedy: GenerateRequest = {
  prompt: 'ab',
  maxTokens: 3,
  temperature: 0,
  topK: 0,
  topP: 1,
  seed: 1,
  alternatives: 2,
};
const pause = () => Promise.resolve();

describe('generate', () => {
  it('writes on from the prompt, each token with what else was likely', async () => {
    const engine = new ScriptedEngine();
    // after token n the model says n + 1
    engine.next = (tokens) => Array.from({ length: 8 }, (_, id) => (id === tokens.at(-1)! + 1 ? Math.log(7) : 0));
    const seen: number[] = [];
    const response = await generate(engine, greedy, pause, undefined, ({ token }) => seen.push(token.id));
    expect(response.tokens.map(({ token }) => token.id)).toEqual([3, 4, 5]);
    expect(response.text).toBe('cde');
    expect(response.finish).toBe('length');
    expect(seen).toEqual([3, 4, 5]);
    // weights 7 : 1×7
    expect(response.tokens[0]!.probability).toBeCloseTo(0.5, 6);
    expect(response.tokens[0]!.alternatives.map(({ token }) => token.id)).toEqual([3, 0]);
    expect(response.tokens[0]!.alternatives[1]!.probability).toBeCloseTo(1 / 14, 6);
  });

  it('puts the prompt as it is asked to, and never writes an id without text', async () => {
    const engine = new ScriptedEngine({ idsWithoutText: [7] });
    const fed: number[] = [];
    engine.next = (tokens) => {
      fed.push(tokens.length);
      return [0, 0, 0, 0, 0, 0, 1, 9];
    };
    const response = await generate(engine, { ...greedy, bos: false, maxTokens: 2 }, pause);
    expect(fed).toEqual([2, 3]);
    expect(response.tokens.map(({ token }) => token.id)).toEqual([6, 6]);
  });

  it('ends at an end token, which is not part of the text', async () => {
    const engine = new ScriptedEngine();
    engine.next = (tokens) => (tokens.length < 5 ? [0, 0, 0, 0, 0, 9, 0, 0] : [9, 0, 0, 0, 0, 0, 0, 0]);
    const response = await generate(engine, { ...greedy, maxTokens: 10 }, pause);
    expect(response).toMatchObject({ finish: 'end-token', text: 'ee' });
    expect(response.tokens).toHaveLength(3);
  });

  it('ends when the context is full', async () => {
    const engine = new ScriptedEngine();
    const response = await generate(engine, { ...greedy, prompt: 'aaaaaaaaaaaa', maxTokens: 100 }, pause);
    // BOS + 12 leave 3 of 16
    expect(response.finish).toBe('context-full');
    expect(response.tokens).toHaveLength(3);
  });

  it('is held to what there is memory for, as a prompt is', async () => {
    const engine = new ScriptedEngine({ limits: { tokens: 8, reason: 'memory', attentionTokens: 8 } });
    const response = await generate(engine, { ...greedy, prompt: 'aaaaa', maxTokens: 100 }, pause);
    expect([response.finish, response.tokens.length]).toEqual(['memory-full', 2]);
    await expect(generate(engine, { ...greedy, prompt: 'a'.repeat(8) }, pause)).rejects.toMatchObject({
      code: 'prompt-too-long',
      details: { over: 1, reason: 'memory', fits: 8 },
    });
  });

  it('keeps what is there when it is stopped', async () => {
    const abort = new AbortController();
    const stop = (token: { token: { id: number } }) => void (token.token.id === 7 && abort.abort());
    const response = await generate(new ScriptedEngine(), { ...greedy, maxTokens: 9 }, pause, abort.signal, stop);
    expect(response.finish).toBe('cancelled');
    expect(response.tokens).toHaveLength(1);
  });

  it('refuses a prompt that does not fit and settings out of range, naming them', async () => {
    const engine = new ScriptedEngine();
    const long = generate(engine, { ...greedy, prompt: 'a'.repeat(20) }, pause);
    await expect(long).rejects.toMatchObject({ code: 'prompt-too-long', details: { over: 5, n_ctx: 16 } });
    const wrong: Partial<GenerateRequest>[] = [
      { maxTokens: 0 },
      { temperature: -1 },
      { temperature: NaN },
      { topK: 1.5 },
      { topP: 0 },
      { seed: 0.5 },
      { alternatives: 1000 },
    ];
    for (const change of wrong) {
      const failure = generate(engine, { ...greedy, ...change }, pause);
      await expect(failure).rejects.toMatchObject({
        code: 'invalid-request',
        details: { option: Object.keys(change)[0] },
      });
    }
  });
});
