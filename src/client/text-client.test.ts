import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalTextWorker, LocalWorker, locks } from '../../tests/fixtures/local-worker.ts';
import { gate, ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import { openFolder } from '../cli/open-folder';
import type { LoadRequest } from '../core/model-api';
import type { ModelFiles } from '../core/model';
import { findProbes } from '../worker/probes';
import { ModelClient } from './model-client';

const request: LoadRequest = { source: { kind: 'bundled', id: 'x' }, backend: 'wasm' };
const fact = { prompt: 'The capital of France is', answers: ['Paris'] };
const real = await openFolder('tests/fixtures/zoo/optimum-gpt2', 'fp32');

/** A client with scripted engines in its model workers and real tokenizers in its text workers. */
function setUp(files: () => ModelFiles = () => real, spawnText?: () => Worker) {
  const models: LocalWorker[] = [];
  const texts: LocalTextWorker[] = [];
  const engines: ScriptedEngine[] = [];
  const client = new ModelClient({
    root: 'http://localhost/',
    spawn: () => {
      const worker = new LocalWorker({
        probes: findProbes(),
        pause: () => new Promise((resolve) => setTimeout(resolve)),
        webgpu: () => Promise.resolve({ kind: 'none', adapter: '' }),
        checks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
        runtimeBytes: () => undefined,
        openModel: () => Promise.resolve(files()),
        openEngine: () => {
          const dims = { ...new ScriptedEngine().info.dims, d_vocab: 512 };
          engines.push(new ScriptedEngine({ dims }));
          return Promise.resolve(engines.at(-1)!);
        },
      });
      models.push(worker);
      return worker as unknown as Worker;
    },
    spawnText:
      spawnText ??
      (() => {
        const worker = new LocalTextWorker();
        texts.push(worker);
        return worker as unknown as Worker;
      }),
  });
  clients.push(client);
  return { client, models, texts, engines };
}
const clients: ModelClient[] = [];

beforeEach(() => vi.stubGlobal('navigator', { locks }));
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
  vi.unstubAllGlobals();
});

const words = ['The', ' capital', ' of', ' France', ' is'];
const textsOf = (tokens: readonly { readonly text: string }[]) => tokens.map(({ text }) => text);

describe('text', () => {
  it('is put into tokens at once while the model’s worker is deaf in a slow pass', async () => {
    const { client, models, engines } = setUp();
    await client.load(request);
    await client.prepare({ prompt: 'first', answers: [] });
    const pass = gate();
    engines[0]!.before = () => pass.promise;
    const run = client.runProbe({ probe: 'emergence', fact: { prompt: 'abc', answers: ['d'] } });
    await vi.waitFor(() => expect(engines[0]!.runs).toHaveLength(1));
    models[0]!.deaf = true;
    const began = performance.now();
    const prepared = await client.prepare(fact);
    expect(performance.now() - began).toBeLessThan(100);
    expect(textsOf(prepared.tokens)).toEqual(words);
    expect(textsOf(prepared.answers[0]!.tokens)).toEqual([' Paris']);
    expect(textsOf(await client.tokenize(fact.prompt))).toEqual(words);
    expect((await client.describe([0]))[0]!.text).toBe('<|endoftext|>');
    // Nobody was ended for it, and the pass goes on to its end.
    expect([models.length, models[0]!.terminated]).toEqual([1, false]);
    models[0]!.deaf = false;
    pass.resolve();
    await expect(run).resolves.toMatchObject({ backend: 'wasm' });
  });

  it('is told how long a prompt may be', async () => {
    const { client } = setUp();
    const info = await client.load(request);
    const { tokens, tokensOver } = await client.prepare({ prompt: fact.prompt.repeat(8), answers: [] });
    expect(tokensOver).toBe(tokens.length - info.limits.tokens);
    expect(tokensOver).toBeGreaterThan(0);
  });

  it('keeps the codes of what cannot be asked', async () => {
    const { client } = setUp();
    await expect(client.prepare(fact)).rejects.toMatchObject({ code: 'invalid-request' });
    await client.load(request);
    await expect(client.prepare({ ...fact, prompt: '' })).rejects.toMatchObject({ code: 'empty-prompt' });
    await expect(client.tokenize('a\ud800b')).rejects.toMatchObject({ code: 'invalid-text', details: { index: 1 } });
    await expect(client.describe([512])).rejects.toMatchObject({ code: 'invalid-request', details: { id: 512 } });
    const bare = setUp(() => {
      const { tokenizer: _, ...rest } = real;
      return rest;
    });
    await bare.client.load(request);
    await expect(bare.client.prepare(fact)).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });

  it('has another worker when its own dies, which is fed again', async () => {
    const { client, texts, models } = setUp();
    await client.load(request);
    await client.prepare(fact);
    texts[0]!.kill();
    expect(textsOf((await client.prepare(fact)).tokens)).toEqual(words);
    expect([texts.length, models.length]).toEqual([2, 1]);
  });

  it('follows another model', async () => {
    let files = real;
    const { client, texts } = setUp(() => files);
    await client.load(request);
    const { length } = await client.tokenize(fact.prompt);
    files = { ...real, tokenizer: (await openFolder('tests/fixtures/zoo/optimum-llama', 'fp32')).tokenizer! };
    const template = "{{ messages[0]['content'] }}!";
    files = { ...files, tokenizer: { ...files.tokenizer!, chatTemplate: template } };
    await client.load(request);
    const chat = await client.prepare({ ...fact, form: 'chat' });
    expect(chat.tokens.map(({ text }) => text).join('')).toContain('is!');
    expect(length).toBe(5);
    expect(texts).toHaveLength(1);
  });

  it('is answered also when the model’s worker dies, and again by the one after it', async () => {
    const { client, models, texts } = setUp();
    await client.load(request);
    await client.prepare(fact);
    models[0]!.kill();
    expect(textsOf((await client.prepare(fact)).tokens)).toEqual(words);
    texts[0]!.kill();
    // Neither is left: the model is loaded again, and text with it.
    expect((await client.prepare(fact)).tokens.length).toBeGreaterThan(0);
    expect(textsOf((await client.prepare(fact)).tokens)).toEqual(words);
    expect(models).toHaveLength(2);
  });

  it('comes from the model’s worker where a second one cannot be had', async () => {
    const failing = () => {
      const worker = new LocalTextWorker();
      setTimeout(() => worker.dispatchEvent(Object.assign(new Event('error'), { message: 'refused' })));
      worker.deaf = true;
      return worker as unknown as Worker;
    };
    const { client } = setUp(undefined, failing);
    await client.load(request);
    expect((await client.tokenize('abc')).map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  });
});
