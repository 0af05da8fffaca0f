import { expect, it } from 'vitest';
import { gate, ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import { StrataError } from '../core/errors';
import type { RunProgress } from '../core/model-api';
import type { ModelFiles } from '../core/model';
import type { ModelApiDeps } from './deps';
import { createModelApi } from './in-thread-api';
import { findProbes } from './probes';

/** A model whose lens takes four chunks. */
class Chunked extends ScriptedEngine {
  override async trace(...[spec, options = {}]: Parameters<ScriptedEngine['trace']>) {
    for (const done of [2, 4, 6, 8]) {
      await this.before(spec, options.signal);
      if (options.signal?.aborted) throw new StrataError('cancelled', 'between chunks');
      options.onLensProgress?.(done, 8);
    }
    return super.trace(spec);
  }
}

async function load(engine: ScriptedEngine) {
  const files = { dtype: 'fp32', provenance: { bytes: 0 }, graph: { bytes: new Uint8Array(1) }, external: new Map() };
  const deps: ModelApiDeps = {
    probes: findProbes(),
    pause: () => Promise.resolve(),
    webgpu: () => Promise.resolve({ kind: 'none', adapter: '' }),
    checks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    runtimeBytes: () => undefined,
    openModel: () => Promise.resolve(files as unknown as ModelFiles),
    openEngine: () => Promise.resolve(engine),
  };
  const api = createModelApi(deps);
  await api.load({ source: { kind: 'bundled', id: 'x' }, backend: 'wasm' });
  return api;
}

const request = { probe: 'lens', fact: { prompt: 'abc', answers: ['d'] } };

it('a lens in chunks tells of each but the last, which the run itself tells of', async () => {
  const api = await load(new Chunked());
  const heard: RunProgress[] = [];
  await api.runProbe(request, { onProgress: (progress) => heard.push(progress) });
  expect(heard).toEqual([
    { done: 0, total: 1 },
    ...[2, 4, 6].map((done) => ({ done: 0, total: 1, lens: { done, total: 8 } })),
    { done: 1, total: 1 },
  ]);
});

it('a lens under way is cancelled between two chunks', async () => {
  const engine = new Chunked();
  const api = await load(engine);
  const abort = new AbortController();
  const chunk = gate();
  const heard: RunProgress[] = [];
  const running = api.runProbe(request, {
    signal: abort.signal,
    onProgress: (progress) => {
      heard.push(progress);
      if (progress.lens) engine.before = () => chunk.promise;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort();
  chunk.resolve();
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expect(heard.at(-1)).toEqual({ done: 0, total: 1, lens: { done: 2, total: 8 } });
});

it('memory that is short is said with the progress, until the probe has ended', async () => {
  class Tight extends ScriptedEngine {
    override async *traces(...[specs, options = {}]: Parameters<ScriptedEngine['traces']>) {
      let made = 0;
      for await (const trace of super.traces(specs, options)) {
        if (++made === 2) options.onMemoryShort?.();
        yield trace;
      }
    }
  }
  const api = await load(new Tight());
  const heard: RunProgress[] = [];
  const sweep = { ...request, probe: 'emergence', fact: { ...request.fact, subject: [0, 1] as const } };
  const options = { null: ['b', 'c', 'd'] };
  await api.runProbe({ ...sweep, options }, { onProgress: (progress) => heard.push(progress) });
  const said = heard.map(({ memoryShort = false }) => memoryShort);
  expect([said[0], said.at(-1)]).toEqual([false, true]);
  expect(said).toEqual(said.toSorted());
  heard.length = 0;
  await api.runProbe({ ...request, probe: 'lens' }, { onProgress: (progress) => heard.push(progress) });
  expect(heard.some(({ memoryShort }) => memoryShort)).toBe(false);
});
