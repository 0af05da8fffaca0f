import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalWorker, locks } from '../../tests/fixtures/local-worker.ts';
import { gate, ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import { StrataError } from '../core/errors';
import type { LoadProgress, LoadRequest } from '../core/model-api';
import type { ModelFiles } from '../core/model';
import type { GeneratedToken } from '../core/writing';
import type { ContinuationResult } from '../probes/continuation/meta';
import { findProbes } from '../worker/probes';
import { ModelClient, type RestartEvent } from './model-client';

const request: LoadRequest = { source: { kind: 'bundled', id: 'x' }, backend: 'wasm' };
const spec = (...tokens: number[]) => ({ tokens, interventions: [], captures: [] });

/** A client whose every worker runs scripted engines; `engines` has one per load. */
function setUp(limits: { silenceMs?: number; graceMs?: number } = {}) {
  const workers: LocalWorker[] = [];
  const engines: ScriptedEngine[] = [];
  const restarts: RestartEvent[] = [];
  const script = {
    load: (): Promise<void> => Promise.resolve(),
    engine: (_: ScriptedEngine): void => undefined,
    session: (_: (progress: LoadProgress) => void): Promise<void> => Promise.resolve(),
  };
  const spawn = () => {
    const worker = new LocalWorker({
      probes: findProbes(),
      pause: () => new Promise((resolve) => setTimeout(resolve)),
      webgpu: () => Promise.resolve({ kind: 'none', adapter: '' }),
      checks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
      runtimeBytes: () => undefined,
      openModel: async (_request, call) => {
        call.onProgress({ stage: 'prepare', step: 'verify' });
        await script.load();
        const graph = { path: 'onnx/model.onnx', bytes: new Uint8Array(1) };
        return {
          name: 'one',
          config: {},
          dtype: 'fp32',
          graph,
          external: new Map(),
          provenance: { source: 'bundled', id: 'one', sha256: {}, bytes: 1 },
        } as ModelFiles;
      },
      openEngine: async (_files, _backend, call) => {
        await script.session(call.onProgress);
        const engine = new ScriptedEngine();
        script.engine(engine);
        engines.push(engine);
        return engine;
      },
    });
    workers.push(worker);
    return worker as unknown as Worker;
  };
  const client = new ModelClient({
    root: 'http://localhost/',
    spawn,
    onRestart: (event) => restarts.push(event),
    ...limits,
  });
  clients.push(client);
  return { client, workers, engines, restarts, script };
}
const clients: ModelClient[] = [];

beforeEach(() => vi.stubGlobal('navigator', { locks }));
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
  vi.unstubAllGlobals();
});

describe('ModelClient', () => {
  it('loads with progress, and answers about text and probes', async () => {
    const { client } = setUp();
    const stages: string[] = [];
    const info = await client.load(request, { onProgress: (progress) => stages.push(progress.stage) });
    expect(info.family).toBe('gpt2');
    expect(stages).toContain('prepare');
    const prepared = await client.prepare({ prompt: 'abc', answers: ['d'] });
    expect(prepared.tokens.map((token) => token.id)).toEqual([0, 1, 2, 3]);
    const fact = { prompt: 'abc', answers: ['d'], foil: 'e' };
    const response = await client.runProbe<{ p: Float32Array; rank: Int32Array }>({ probe: 'emergence', fact });
    expect(response.result.p).toBeInstanceOf(Float32Array);
    expect(response.result.p[2]).toBeCloseTo(0.1, 6);
    expect(response.result.rank[2]).toBe(4);
    expect(response.labels[7]).toMatchObject({ id: 7 });
  });

  it('brings errors back with code and details', async () => {
    const { client } = setUp();
    await expect(client.prepare({ prompt: 'a', answers: [] })).rejects.toMatchObject({
      details: { reason: 'no-model' },
    });
    await client.load(request);
    const failure = await client.runProbe({ probe: 'nonsense' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StrataError);
    expect(failure).toMatchObject({ code: 'invalid-request', details: { probe: 'nonsense' } });
    const long = client.runProbe({ probe: 'lens', fact: { prompt: 'a'.repeat(20), answers: ['b'] } });
    await expect(long).rejects.toMatchObject({ code: 'prompt-too-long', details: { over: 5, n_ctx: 16 } });
    const half = client.prepare({ prompt: 'a\ud83d', answers: [] });
    await expect(half).rejects.toMatchObject({ code: 'invalid-text', details: { field: 'prompt', index: 1 } });
    const none = client.prepare({ prompt: '', answers: [] });
    await expect(none).rejects.toMatchObject({ code: 'empty-prompt' });
  });

  it('gives the caller of a cancelled run back at once, and sends the next when the worker is free', async () => {
    const { client, engines } = setUp();
    await client.load(request);
    const entered = gate();
    const held = gate();
    engines[0]!.before = () => {
      entered.resolve();
      return held.promise;
    };
    const abort = new AbortController();
    const first = client.trace(spec(1), { signal: abort.signal });
    await entered.promise;
    const second = client.trace(spec(2));
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    expect(engines[0]!.runs).toHaveLength(1);
    held.resolve();
    await second;
    expect(engines[0]!.runs.map((run) => run.tokens[0])).toEqual([1, 2]);
  });

  it('never sends what was cancelled while it waited', async () => {
    const { client, engines } = setUp();
    await client.load(request);
    const held = gate();
    engines[0]!.before = () => held.promise;
    const first = client.trace(spec(1));
    const abort = new AbortController();
    const waiting = client.trace(spec(2), { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    held.resolve();
    await first;
    await client.trace(spec(3));
    expect(engines[0]!.runs.map((run) => run.tokens[0])).toEqual([1, 3]);
  });

  it('answers about text while a run is under way', async () => {
    const { client, engines } = setUp();
    await client.load(request);
    const held = gate();
    engines[0]!.before = () => held.promise;
    const run = client.trace(spec(1));
    await expect(client.tokenize('ab')).resolves.toHaveLength(3);
    held.resolve();
    await run;
  });

  it('replaces a worker that was killed in a run, loads the model again and repeats the run', async () => {
    const { client, workers, engines, restarts } = setUp();
    await client.load(request);
    const entered = gate();
    engines[0]!.before = () => {
      entered.resolve();
      return new Promise(() => undefined);
    };
    const run = client.trace(spec(5));
    await entered.promise;
    workers[0]!.kill();
    await expect(run).resolves.toMatchObject({ spec: { tokens: [5] } });
    expect(engines[1]!.runs).toHaveLength(1);
    expect(restarts.map((event) => event.state)).toEqual(['restarting', 'loading', 'ready']);
    expect(restarts[0]).toMatchObject({ reason: { code: 'worker-lost' } });
  });

  it('replaces a worker that died while idle at the next call', async () => {
    const { client, workers, restarts } = setUp();
    await client.load(request);
    workers[0]!.kill();
    await expect(client.prepare({ prompt: 'ab', answers: [] })).resolves.toMatchObject({ tokensOver: 0 });
    expect(workers).toHaveLength(2);
    expect(restarts.at(-1)).toMatchObject({ state: 'ready' });
  });

  it('repeats a run once when the GPU is lost, not for ever', async () => {
    const { client, engines, script, restarts } = setUp();
    const lost = () => Promise.reject(new StrataError('device-lost', 'The GPU went away.'));
    await client.load(request);
    engines[0]!.before = lost;
    await expect(client.trace(spec(5))).resolves.toMatchObject({ spec: { tokens: [5] } });
    expect(restarts[0]).toMatchObject({ reason: { code: 'device-lost' } });
    script.engine = (engine) => (engine.before = lost);
    engines[1]!.before = lost;
    await expect(client.trace(spec(6))).rejects.toMatchObject({ code: 'device-lost' });
    expect(engines).toHaveLength(3);
    script.engine = () => undefined;
    await expect(client.trace(spec(7))).resolves.toMatchObject({ spec: { tokens: [7] } });
  });

  it('ends a worker that gives no sign of life, and does not repeat what hung it', async () => {
    const { client, workers, engines } = setUp({ silenceMs: 60 });
    await client.load(request);
    engines[0]!.before = () => new Promise(() => undefined);
    await expect(client.trace(spec(1))).rejects.toMatchObject({ code: 'deadline' });
    expect(workers[0]!.terminated).toBe(true);
    expect(engines).toHaveLength(1);
    await expect(client.trace(spec(2))).resolves.toMatchObject({ spec: { tokens: [2] } });
  });

  it('ends a worker whose own thread a run holds up, timers and all', async () => {
    const { client, workers } = setUp({ silenceMs: 60 });
    await client.load(request);
    workers[0]!.deaf = true;
    await expect(client.trace(spec(1))).rejects.toMatchObject({ code: 'deadline' });
    expect(workers[0]!.terminated).toBe(true);
    await expect(client.trace(spec(2))).resolves.toMatchObject({ spec: { tokens: [2] } });
  });

  it.each([
    ['Uncaught RuntimeError: Aborted(OOM). Build with -sASSERTIONS for more info.', 'out-of-memory'],
    ['Uncaught TypeError: x is not a function', undefined],
  ] as const)('asks again in a new worker, but not where the last one’s memory was full: %s', async (message, code) => {
    const { client, workers, engines } = setUp();
    await client.load(request);
    engines[0]!.before = () => {
      workers[0]!.dispatchEvent(Object.assign(new Event('error'), { message }));
      return new Promise(() => undefined);
    };
    const answer = client.trace(spec(1));
    if (code) await expect(answer).rejects.toMatchObject({ code });
    else await expect(answer).resolves.toMatchObject({ spec: { tokens: [1] } });
    expect(workers).toHaveLength(code ? 1 : 2);
    await expect(client.trace(spec(2))).resolves.toMatchObject({ spec: { tokens: [2] } });
  });

  it('ends a worker that does not let go of cancelled work', async () => {
    const { client, workers, engines } = setUp({ graceMs: 30 });
    await client.load(request);
    const entered = gate();
    engines[0]!.before = () => {
      entered.resolve();
      return new Promise(() => undefined);
    };
    const abort = new AbortController();
    const run = client.trace(spec(1), { signal: abort.signal });
    await entered.promise;
    abort.abort();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.trace(spec(2))).resolves.toMatchObject({ spec: { tokens: [2] } });
    expect(workers[0]!.terminated).toBe(true);
    expect(engines[1]!.runs.map((one) => one.tokens[0])).toEqual([2]);
  });

  it('says when a model cannot be opened, also after a restart', async () => {
    const { client, workers, script, restarts } = setUp();
    script.load = () => Promise.reject(new StrataError('session-failed', 'no such operator'));
    await expect(client.load(request)).rejects.toMatchObject({ code: 'session-failed' });
    await expect(client.trace(spec(1))).rejects.toMatchObject({ details: { reason: 'no-model' } });
    script.load = () => Promise.resolve();
    await client.load(request);
    script.load = () => Promise.reject(new StrataError('storage-full', 'gone'));
    workers.at(-1)!.kill();
    await expect(client.trace(spec(1))).rejects.toMatchObject({ code: 'storage-full' });
    expect(restarts.at(-1)).toMatchObject({ state: 'failed', error: { code: 'storage-full' } });
  });

  it('starts again with one thread where threads never start, and stays with that', async () => {
    const { client, workers, script } = setUp();
    let attempts = 0;
    script.load = () =>
      attempts++ === 0
        ? Promise.reject(new StrataError('session-failed', 'timeout', { threads: 2, retry: 'one-thread' }))
        : Promise.resolve();
    await client.load(request);
    await client.load(request);
    expect(workers.map((worker) => worker.greeting?.maxThreads)).toEqual([undefined, 1, 1]);
  });

  it('gives a new model a new worker', async () => {
    const { client, workers } = setUp();
    await client.load(request);
    await client.load(request);
    expect(workers).toHaveLength(2);
    expect(workers[0]!.terminated).toBe(true);
    await expect(client.trace(spec(1))).resolves.toBeDefined();
  });

  it('keeps the model before when another cannot be opened: it answers on, in its own worker', async () => {
    const { client, workers, engines, script } = setUp();
    await client.load(request);
    for (const code of ['not-a-model-file', 'session-failed', 'worker-lost'] as const) {
      script.load = () => Promise.reject(new StrataError(code, 'no'));
      await expect(client.load({ ...request, source: { kind: 'bundled', id: 'y' } })).rejects.toMatchObject({ code });
      expect(client.holds).toBe(request);
      expect(workers.map(({ terminated }) => terminated)).toEqual(workers.map((_, index) => index > 0));
      await expect(client.trace(spec(1))).resolves.toBeDefined();
      expect((await client.tokenize('ab')).map(({ id }) => id)).toEqual([0, 1, 2]);
    }
    expect(engines).toHaveLength(1);
  });

  it('keeps the model before when opening another is cancelled', async () => {
    const { client, workers, script } = setUp();
    await client.load(request);
    const entered = gate();
    script.load = () => {
      entered.resolve();
      return new Promise(() => undefined);
    };
    const abort = new AbortController();
    const second = client.load(request, { signal: abort.signal });
    await entered.promise;
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.trace(spec(1))).resolves.toBeDefined();
    expect(workers.map(({ terminated }) => terminated)).toEqual([false, true]);
  });

  it('lets the model before go for a sound one where there is no memory for both', async () => {
    vi.stubGlobal('navigator', { locks, deviceMemory: -1 });
    const { client, workers, script } = setUp();
    await client.load(request);
    script.load = () => Promise.reject(new StrataError('not-a-model-file', 'no'));
    await expect(client.load(request)).rejects.toThrow();
    expect(workers[0]!.terminated).toBe(false);
    script.load = () => Promise.resolve();
    script.session = async (tell) => {
      tell({ stage: 'prepare', step: 'session' });
      await vi.waitFor(() => expect(workers[0]!.terminated).toBe(true));
      throw new StrataError('session-failed', 'no');
    };
    await expect(client.load(request)).rejects.toMatchObject({ code: 'session-failed' });
    expect(client.holds).toBeUndefined();
  });

  it('tries again alone when memory did not hold both after all', async () => {
    const { client, workers, script } = setUp();
    await client.load(request);
    let attempts = 0;
    script.load = () =>
      attempts++ === 0 ? Promise.reject(new StrataError('out-of-memory', 'too much')) : Promise.resolve();
    await client.load(request);
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, true, false]);
    await expect(client.trace(spec(1))).resolves.toBeDefined();
  });

  it('loads another model at once while a cancelled load still holds its worker', async () => {
    const { client, workers, script } = setUp();
    const entered = gate();
    script.load = () => {
      entered.resolve();
      return new Promise(() => undefined);
    };
    const abort = new AbortController();
    const first = client.load(request, { signal: abort.signal });
    await entered.promise;
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    script.load = () => Promise.resolve();
    await expect(client.load(request)).resolves.toMatchObject({ family: 'gpt2' });
    expect(workers.map((worker) => worker.terminated)).toEqual([true, false]);
  });

  it('takes parts one at a time: nothing is made ahead of what was taken', async () => {
    const { client, engines } = setUp();
    await client.load(request);
    const seen: number[] = [];
    const abort = new AbortController();
    const writing = client.runProbe<ContinuationResult, GeneratedToken>(
      { probe: 'continuation', fact: { prompt: 'a', answers: [] }, options: { maxTokens: 14 } },
      {
        signal: abort.signal,
        onPart: ({ token }) => {
          seen.push(token.id);
          if (seen.length === 3) abort.abort();
        },
      },
    );
    await expect(writing).rejects.toMatchObject({ code: 'cancelled' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toHaveLength(3);
    // One more may have been under way.
    expect(engines[0]!.steps).toBeLessThanOrEqual(4);
  });

  it('never begins anew what has handed parts over: it says so, and goes on from there when asked', async () => {
    const { client, engines, workers, restarts } = setUp();
    await client.load(request);
    const asked = { probe: 'continuation', fact: { prompt: 'a', answers: [] }, options: { maxTokens: 5 } };
    const parts: GeneratedToken[] = [];
    const onPart = (part: GeneratedToken): void => {
      parts.push(part);
      if (parts.length === 2) workers[0]!.kill();
    };
    const lost = client.runProbe<ContinuationResult, GeneratedToken>(asked, { onPart });
    await expect(lost).rejects.toMatchObject({ code: 'worker-lost', details: { parts: 2 } });
    expect([engines.length, restarts.length]).toEqual([1, 0]);
    const rest = await client.runProbe<ContinuationResult, GeneratedToken>(
      { ...asked, have: parts },
      { onPart: (part) => parts.push(part) },
    );
    expect(restarts.map(({ state }) => state)).toContain('ready');
    expect(parts).toHaveLength(5);
    expect(rest.result.tokens).toEqual(parts);
    expect(engines[1]!.steps).toBe(3);
  });

  it('rejects what is under way when it is closed', async () => {
    const { client, engines, workers } = setUp();
    await client.load(request);
    engines[0]!.before = () => new Promise(() => undefined);
    const run = client.trace(spec(1));
    const waiting = client.trace(spec(2));
    await new Promise((resolve) => setTimeout(resolve, 10));
    void client.dispose();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(workers[0]!.terminated).toBe(true);
  });

  it('keeps what the worker still needs: a second answer is whole', async () => {
    const { client } = setUp();
    await client.load(request);
    const fact = { prompt: 'abc', answers: ['d'] };
    const probe = () => client.runProbe<{ table: { topIds: Int32Array } }>({ probe: 'lens', fact });
    const first = await probe();
    const second = await probe();
    expect(first.result.table.topIds.length).toBeGreaterThan(0);
    expect(second.result.table.topIds).toEqual(first.result.table.topIds);
  });
});
