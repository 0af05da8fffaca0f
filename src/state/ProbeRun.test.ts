import { describe, expect, it } from 'vitest';
import { StrataError, type ErrorCode } from '../core/errors';
import type { CallOptions, ModelApi, ProbeCall, ProbeRequest, RunProgress } from '../core/model-api';
import { ProbeRun } from './ProbeRun.svelte';

/** A probe that is under way, and what its model has said of it so far. */
function underWay() {
  let say: (progress: RunProgress) => void = () => undefined;
  let end: () => void = () => undefined;
  const runProbe = (_: ProbeRequest, { onProgress }: CallOptions<RunProgress> = {}) => {
    say = (progress) => onProgress?.(progress);
    return new Promise((resolve) => (end = () => resolve({ result: 1 })));
  };
  const run = new ProbeRun<number>({ runProbe } as unknown as ModelApi, 'lens');
  const done = run.run({ prompt: 'x', answers: [] }, {});
  return { run, say: (progress: RunProgress) => say(progress), end: () => (end(), done) };
}

describe('how far a probe has come', () => {
  it('counts the cells of the lens as part of the run they belong to', async () => {
    const { run, say, end } = underWay();
    expect(run.share).toBeUndefined();
    say({ done: 0, total: 1, lens: { done: 19, total: 76 } });
    expect(run.share).toBe(0.25);
    say({ done: 1, total: 2, lens: { done: 1, total: 2 } });
    expect([run.share, run.progress?.lens]).toEqual([0.75, { done: 1, total: 2 }]);
    await end();
    expect(run.share).toBeUndefined();
  });

  it('is not known of a single step', () => {
    const { run, say } = underWay();
    say({ done: 0, total: 1 });
    expect(run.share).toBeUndefined();
    say({ done: 1, total: 4 });
    expect(run.share).toBe(0.25);
  });
});

describe('a run that was cut short', () => {
  /** A probe of five parts that fails as it is told, each time after so many new parts. */
  function failing(...ends: readonly (readonly [ErrorCode, number])[]) {
    const asked: (readonly unknown[])[] = [];
    const api = {
      runProbe({ have = [] }: ProbeRequest, { onPart }: ProbeCall = {}) {
        asked.push(have);
        const [code, after] = ends[asked.length - 1] ?? [undefined, 5 - have.length];
        for (let nth = 0; nth < after; nth++) onPart?.(have.length + nth, {});
        return code === undefined ? Promise.resolve({ result: 'whole' }) : Promise.reject(new StrataError(code, ''));
      },
    } as unknown as ModelApi;
    return { run: new ProbeRun<string, number>(api, 'sweep'), asked };
  }

  it.each(['worker-lost', 'device-lost', 'out-of-memory', 'deadline'] as const)(
    'by %s goes on after the parts that are there',
    async (code) => {
      const { run, asked } = failing([code, 2]);
      await run.run(undefined, {});
      expect([run.canGoOn, run.error?.details, run.soFar?.parts]).toEqual([true, { parts: 2 }, [0, 1]]);
      expect((await run.goOn())?.result).toBe('whole');
      expect(asked).toEqual([[], [0, 1]]);
      expect([run.soFar?.parts, run.soFar?.ended, run.canGoOn]).toEqual([[0, 1, 2, 3, 4], 'done', false]);
    },
  );

  it('goes on also after going on was cut short, or did not even begin', async () => {
    const { run, asked } = failing(['worker-lost', 2], ['worker-lost', 1], ['worker-lost', 0], ['storage-full', 0]);
    await run.run(undefined, {});
    for (const parts of [3, 3, 3]) {
      await run.goOn();
      expect([run.canGoOn, run.soFar?.parts.length]).toEqual([true, parts]);
    }
    await run.goOn();
    expect(asked.map((have) => have.length)).toEqual([0, 2, 3, 3, 3]);
    expect([run.result, run.error]).toEqual(['whole', undefined]);
  });

  it('is begun anew where nothing was there yet, or the work itself failed', async () => {
    const early = failing(['worker-lost', 0]);
    await early.run.run(undefined, {});
    expect(early.run.canGoOn).toBe(false);
    const wrong = failing(['non-finite', 3]);
    await wrong.run.run(undefined, {});
    expect([wrong.run.canGoOn, wrong.run.soFar?.parts.length]).toEqual([false, 3]);
  });
});
