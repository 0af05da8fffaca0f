import { describe, expect, it } from 'vitest';
import type { CallOptions, ModelApi, ProbeRequest, RunProgress } from '../core/model-api';
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
