import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import type { CallOptions, LoadProgress, LoadRequest, ModelApi } from '../core/model-api';
import type { LoadNote, ModelInfo } from '../core/model';
import { ModelSession } from './ModelSession.svelte';

const FULL: LoadNote = { code: 'storage-full', details: {} };
const FALLBACK: LoadNote = { code: 'backend-fallback', details: { error: 'session-failed' } };

/** A session whose model says these things while it loads, and this of itself when it is there. */
function session(said: readonly LoadNote[], backendNote?: LoadNote): ModelSession {
  const load = (request: LoadRequest, { onProgress }: CallOptions<LoadProgress> = {}) => {
    for (const note of said) onProgress?.({ stage: 'note', note });
    if (request.backend === 'webgpu') return Promise.reject(new StrataError('backend-unavailable', ''));
    return Promise.resolve({ name: 'x', ...(backendNote ? { backendNote } : {}) } as ModelInfo);
  };
  return new ModelSession({ load } as unknown as ModelApi);
}

const request: LoadRequest = { source: { kind: 'bundled', id: 'x' }, backend: 'auto' };
const codes = ({ notes }: ModelSession) => notes.map(({ code }) => code);

describe('what a load has to say', () => {
  it('is said once each, though two files found the disk full and the model knows its own fallback', async () => {
    const one = session([FULL, FULL], FALLBACK);
    await one.load(request);
    expect(codes(one)).toEqual(['storage-full', 'backend-fallback']);
  });

  it('says by itself whether the files are on the device, whatever else was noted', async () => {
    const fallen = session([], FALLBACK);
    await fallen.load(request);
    expect([fallen.stored, codes(fallen)]).toEqual([true, ['backend-fallback']]);
    const full = session([FULL]);
    await full.load(request);
    expect(full.stored).toBe(false);
  });

  it('is forgotten with the next load', async () => {
    const one = session([FULL], FALLBACK);
    await one.load(request);
    await one.load({ ...request, backend: 'webgpu' });
    expect([one.status.kind, codes(one)]).toEqual(['failed', ['storage-full']]);
  });
});

describe('a worker that is replaced', () => {
  it('shows how its model comes back, and what it has to say, while the old results stay', async () => {
    const one = session([]);
    await one.load(request);
    const before = one.info;
    one.restarted({ state: 'restarting', reason: new StrataError('worker-lost', '') });
    const progress = {
      stage: 'download',
      file: 'x',
      receivedBytes: 1,
      totalBytes: 2,
      bytesPerSecond: 0,
      fromStorage: true,
    } as const;
    one.restarted({ state: 'loading', progress });
    expect([one.status, one.info]).toEqual([{ kind: 'downloading', progress }, before]);
    one.restarted({ state: 'loading', progress: { stage: 'note', note: FULL } });
    expect(codes(one)).toEqual(['storage-full']);
    one.restarted({ state: 'ready', info: before! });
    expect(one.status.kind).toBe('ready');
  });
});
