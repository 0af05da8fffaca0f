import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelClient, type RestartEvent } from '../../src/client/model-client.ts';
import type { LoadProgress, ModelApi } from '../../src/core/model-api.ts';
import type { GeneratedToken } from '../../src/core/writing.ts';
import { findProbes } from '../../src/worker/probes.ts';
import { createModelApi } from '../../src/worker/in-thread-api.ts';
import { LocalWorker, locks } from '../fixtures/local-worker.ts';
import { sweep, type HeadOff } from '../fixtures/sweep-probe.ts';
import { nodeDeps, zooRequest } from './in-thread.ts';
import { PROMPTS } from './parity.ts';

const deps = { ...nodeDeps, probes: new Map([...findProbes(), ['sweep', sweep]]) };
const request = zooRequest('optimum-gpt2');
const fact = { prompt: PROMPTS[0]!, answers: ['the'] };
const asked = { probe: 'sweep', fact, options: { rounds: 4 } };
const COUNT = 4 * 16;
type Swept = { readonly heads: readonly HeadOff[] };

const swept = async (api: ModelApi): Promise<readonly HeadOff[]> => (await api.runProbe<Swept>(asked)).result.heads;

/** The same heads with the same numbers; those of batches of other sizes differ by rounding. */
function expectSame(actual: readonly HeadOff[], expected: readonly HeadOff[]): void {
  const places = (heads: readonly HeadOff[]) => heads.map(({ layer, head }) => [layer, head]);
  expect(places(actual)).toEqual(places(expected));
  const apart = actual.map(({ p }, nth) => Math.abs(p - expected[nth]!.p));
  expect(Math.max(...apart)).toBeLessThanOrEqual(1e-5);
}

/** A signal, and the call that fires it. */
function stopper() {
  const abort = new AbortController();
  return { signal: abort.signal, stop: () => abort.abort() };
}

let undisturbed: readonly HeadOff[];
beforeAll(async () => {
  const api = createModelApi(deps);
  await api.load(request);
  undisturbed = await swept(api);
  expect(undisturbed).toHaveLength(COUNT);
  expect(new Set(undisturbed.slice(0, 16).map(({ p }) => p)).size).toBeGreaterThan(8);
  await api.dispose();
}, 60_000);

describe('stop', () => {
  const api = createModelApi(deps);
  beforeAll(() => api.load(request), 60_000);
  afterAll(() => api.dispose());
  // Whatever was stopped, the model works on, and its numbers are what they were.
  afterEach(async () => expectSame(await swept(api), undisturbed));

  it.each(['verify', 'anatomy', 'tokenizer', 'session', 'self-check', 'download'])(
    'while a model is loaded (%s): the one before answers on, and it is loaded when asked again',
    async (at) => {
      const { signal, stop } = stopper();
      const heard: string[] = [];
      const onProgress = (progress: LoadProgress): void => {
        const step = progress.stage === 'prepare' ? progress.step : progress.stage;
        heard.push(step);
        if (step === at) stop();
      };
      const loading = api.load(request, { signal, onProgress });
      const outcome = await loading.then(
        () => 'loaded',
        (error: { readonly code: string }) => error.code,
      );
      if (heard.includes(at)) {
        expect(outcome).toBe('cancelled');
        expectSame(await swept(api), undisturbed);
        await api.load(request);
      }
      // Files of a folder are there already.
      else expect([at, outcome]).toEqual(['verify', 'loaded']);
    },
  );

  it('before it is put into tokens', async () => {
    const { signal, stop } = stopper();
    const onPart = vi.fn();
    const running = api.runProbe(asked, { signal, onPart });
    stop();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(onPart).not.toHaveBeenCalled();
  });

  it('in the first pass of a probe', async () => {
    const { signal, stop } = stopper();
    const lens = api.runProbe({ probe: 'lens', fact }, { signal, onProgress: ({ done }) => done === 0 && stop() });
    await expect(lens).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('in the middle of a stage', async () => {
    const { signal, stop } = stopper();
    const heard: number[] = [];
    const onProgress = ({ done }: { readonly done: number }): void => {
      heard.push(done);
      if (done === 20) stop();
    };
    await expect(api.runProbe(asked, { signal, onProgress })).rejects.toMatchObject({ code: 'cancelled' });
    expect(Math.max(...heard)).toBe(20);
  });

  it('between two parts, which stay and are gone on from', async () => {
    const { signal, stop } = stopper();
    const parts: HeadOff[] = [];
    const onPart = (part: HeadOff): void => {
      parts.push(part);
      if (parts.length === 7) stop();
    };
    await expect(api.runProbe<Swept, HeadOff>(asked, { signal, onPart })).rejects.toMatchObject({ code: 'cancelled' });
    expect(parts).toHaveLength(7);
    const { result } = await api.runProbe<Swept, HeadOff>(
      { ...asked, have: [...parts] },
      { onPart: (part) => void parts.push(part) },
    );
    expect(result.heads).toEqual(parts);
    expectSame(parts, undisturbed);
  });

  it('while the model writes on', async () => {
    const { signal, stop } = stopper();
    const tokens: GeneratedToken[] = [];
    const onPart = (part: GeneratedToken): void => {
      tokens.push(part);
      if (tokens.length === 3) stop();
    };
    const writing = { probe: 'continuation', fact, options: { maxTokens: 30 } };
    await expect(api.runProbe(writing, { signal, onPart })).rejects.toMatchObject({ code: 'cancelled' });
    expect(tokens).toHaveLength(3);
  });
});

describe('a worker that is lost in the middle of a stage', () => {
  beforeEach(() => vi.stubGlobal('navigator', { locks }));
  afterEach(() => vi.unstubAllGlobals());

  it.each([1, 9, COUNT - 1])(
    'after %i parts: they stay, and it goes on from there to the same result',
    async (when) => {
      const workers: LocalWorker[] = [];
      const restarts: RestartEvent['state'][] = [];
      const spawn = () => {
        const worker = new LocalWorker(deps);
        workers.push(worker);
        return worker as unknown as Worker;
      };
      const client = new ModelClient({
        root: 'http://localhost/',
        spawn,
        onRestart: ({ state }) => restarts.push(state),
      });
      try {
        await client.load(request);
        const parts: HeadOff[] = [];
        const onPart = (part: HeadOff): void => {
          parts.push(part);
          if (parts.length === when) workers[0]!.kill();
        };
        const lost = client.runProbe<Swept, HeadOff>(asked, { onPart });
        await expect(lost).rejects.toMatchObject({ code: 'worker-lost', details: { parts: when } });
        expect([parts.length, workers.length]).toEqual([when, 1]);
        const progress: number[] = [];
        const { result } = await client.runProbe<Swept, HeadOff>(
          { ...asked, have: [...parts] },
          { onPart: (part) => parts.push(part), onProgress: ({ total }) => progress.push(total) },
        );
        expect(restarts.at(-1)).toBe('ready');
        expect(workers).toHaveLength(2);
        // What was there is not computed again.
        expect(Math.max(...progress)).toBe(COUNT - when);
        expect(result.heads).toEqual(parts);
        expectSame(result.heads, undisturbed);
      } finally {
        await client.dispose();
      }
    },
  );
});
