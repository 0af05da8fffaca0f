import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import type { CallOptions, LoadProgress, LoadRequest, ModelApi, ProbeRequest } from '../core/model-api';
import type { ModelChoice, ModelInfo } from '../core/model';
import { Comparison, type Question } from './Comparison.svelte';

const choice = (id: string): ModelChoice => ({ id, name: id, source: { kind: 'bundled', id } });
const question: Question = { probe: 'emergence', fact: { prompt: 'x', answers: ['a'] }, options: {} };
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const info = (name: string): ModelInfo => ({ name }) as ModelInfo;

/** Workers that write down what happens to them; a model answers with its own name. */
class Workers {
  readonly log: string[] = [];
  readonly failing = new Map<string, StrataError>();
  /** Loads of these never end by themselves. */
  readonly stuck = new Set<string>();

  api(name: string, loaded = ''): ModelApi {
    let model = loaded;
    return {
      load: async (request: LoadRequest, { signal, onProgress }: CallOptions<LoadProgress> = {}) => {
        model = request.source.kind === 'bundled' ? request.source.id : '';
        this.log.push(`${name} loads ${model}`);
        onProgress?.({ stage: 'note', note: { code: 'storage-full', details: { model } } });
        onProgress?.({ stage: 'prepare', step: 'session' });
        if (this.stuck.has(model)) {
          await new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(new StrataError('cancelled', ''))),
          );
        }
        const failure = this.failing.get(model);
        if (failure) throw failure;
        return info(model);
      },
      runProbe: ({ fact }: ProbeRequest) => {
        this.log.push(`${name} asks ${model} ${fact?.prompt}`);
        return Promise.resolve({ result: model, labels: {}, milliseconds: 1, backend: 'wasm' });
      },
      dispose: () => {
        this.log.push(`${name} ends`);
        return Promise.resolve();
      },
    } as unknown as ModelApi;
  }
}

function setUp(here?: string) {
  const workers = new Workers();
  let spawned = 0;
  const page = here === undefined ? undefined : { choiceId: here, api: workers.api('page', here), info: info(here) };
  const comparison = new Comparison<string>({
    open: () => workers.api(`worker ${++spawned}`),
    loaded: () => page,
    request: ({ source }) => ({ source, backend: 'wasm' }),
  });
  return { workers, comparison };
}

const results = ({ first, second }: Comparison<string>) =>
  [first, second].map((side) => (side.kind === 'done' ? side.answer.response.result : side.kind));

describe('a comparison', () => {
  it('asks one model after the other, each in a worker that is gone before the next', async () => {
    const { workers, comparison } = setUp();
    await comparison.compare(question, { first: choice('a'), second: choice('b') });
    expect(workers.log).toEqual([
      'worker 1 loads a',
      'worker 1 asks a x',
      'worker 1 ends',
      'worker 2 loads b',
      'worker 2 asks b x',
      'worker 2 ends',
    ]);
    expect(results(comparison)).toEqual(['a', 'b']);
    expect(comparison.first.kind === 'done' && comparison.first.answer.notes).toEqual([
      { code: 'storage-full', details: { model: 'a' } },
    ]);
    expect(comparison.working).toBe(false);
  });

  it('asks the page’s own model where it is, and leaves it there', async () => {
    const { workers, comparison } = setUp('b');
    await comparison.compare(question, { first: choice('a'), second: choice('b') });
    expect(workers.log).toEqual(['worker 1 loads a', 'worker 1 asks a x', 'worker 1 ends', 'page asks b x']);
  });

  it('keeps the side that is done when the other fails, and tries only that one again', async () => {
    const { workers, comparison } = setUp('b');
    workers.failing.set('a', new StrataError('offline', 'No network.'));
    await comparison.compare(question, { first: choice('a'), second: choice('b') });
    expect(comparison.first).toMatchObject({ kind: 'failed', error: { code: 'offline' } });
    expect(results(comparison)).toEqual(['failed', 'b']);
    workers.failing.clear();
    workers.log.length = 0;
    await comparison.retry('first');
    expect(results(comparison)).toEqual(['a', 'b']);
    expect(workers.log).toEqual(['worker 2 loads a', 'worker 2 asks a x', 'worker 2 ends']);
  });

  it('asks only the side that was changed, and both when the fact was', async () => {
    const { workers, comparison } = setUp();
    await comparison.compare(question, { first: choice('a'), second: choice('b') });
    workers.log.length = 0;
    await comparison.compare(question, { first: choice('a'), second: choice('c') });
    expect(workers.log).toEqual(['worker 3 loads c', 'worker 3 asks c x', 'worker 3 ends']);
    workers.log.length = 0;
    const other = { ...question, fact: { prompt: 'y', answers: [] } };
    await comparison.compare(other, { first: choice('a'), second: choice('c') });
    expect(workers.log.filter((line) => line.includes('asks'))).toEqual(['worker 4 asks a y', 'worker 5 asks c y']);
  });

  it('stops at once when cancelled, frees the worker and keeps what was done', async () => {
    const { workers, comparison } = setUp('a');
    workers.stuck.add('b');
    const comparing = comparison.compare(question, { first: choice('a'), second: choice('b') });
    await settled();
    expect(comparison.second).toMatchObject({ kind: 'loading', progress: { stage: 'prepare' } });
    expect(comparison.working).toBe(true);
    comparison.cancel();
    expect([results(comparison), comparison.working]).toEqual([['a', 'cancelled'], false]);
    await comparing;
    expect(workers.log.at(-1)).toBe('worker 1 ends');
    expect(results(comparison)).toEqual(['a', 'cancelled']);
    workers.stuck.clear();
    await comparison.retry('second');
    expect(results(comparison)).toEqual(['a', 'b']);
  });

  it('cancelled on the first side never starts the second', async () => {
    const { workers, comparison } = setUp();
    workers.stuck.add('a');
    const comparing = comparison.compare(question, { first: choice('a'), second: choice('b') });
    await settled();
    comparison.cancel();
    await comparing;
    expect(results(comparison)).toEqual(['cancelled', 'cancelled']);
    expect(workers.log).toEqual(['worker 1 loads a', 'worker 1 ends']);
  });

  it('starts no worker before the one it was called away from has ended', async () => {
    const { workers, comparison } = setUp();
    workers.stuck.add('a');
    const old = comparison.compare(question, { first: choice('a'), second: choice('b') });
    await settled();
    await comparison.compare(question, { first: choice('c'), second: choice('d') });
    await old;
    expect(workers.log.slice(0, 3)).toEqual(['worker 1 loads a', 'worker 1 ends', 'worker 2 loads c']);
    expect(results(comparison)).toEqual(['c', 'd']);
  });

  it('forgets everything on reset, also what is still under way', async () => {
    const { workers, comparison } = setUp();
    workers.stuck.add('b');
    const comparing = comparison.compare(question, { first: choice('a'), second: choice('b') });
    await settled();
    comparison.reset();
    await comparing;
    expect([results(comparison), comparison.question]).toEqual([['idle', 'idle'], undefined]);
  });
});
