import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import type { Fact, PreparedFact } from '../core/fact';
import type { CallOptions, ModelApi, ProbeRequest } from '../core/model-api';
import { ProbeRun } from './ProbeRun.svelte';
import { factOf } from '../core/fact';
import { Workbench } from './Workbench.svelte';

/** A model whose answers come when the test says so; a cancelled call rejects as the real one does. */
class Slow {
  readonly calls: {
    readonly request: ProbeRequest;
    readonly answer: (result: unknown) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  over = 0;
  /** Answers and foils with this text cannot be read. */
  unreadable = 'unreadable';

  readonly api = {
    prepare: (fact: Fact) =>
      [fact.prompt, fact.foil, ...fact.answers].includes(this.unreadable)
        ? Promise.reject(new StrataError('answer-not-continuation', '', { answer: this.unreadable }))
        : Promise.resolve({
            fact,
            tokens: [],
            answers: [],
            subjectPositions: [],
            tokensOver: this.over,
          } satisfies PreparedFact),
    runProbe: (request: ProbeRequest, { signal }: CallOptions = {}) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new StrataError('cancelled', '')));
        const answer = (result: unknown): void => resolve({ result, labels: {}, milliseconds: 1, backend: 'wasm' });
        this.calls.push({ request, answer, fail: reject });
      }),
  } as unknown as ModelApi;
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const fact = (prompt: string): Fact => factOf({ prompt, answer: 'a| b |', foil: ' ' });

describe('a probe', () => {
  it('keeps the old result until the new one is there, and only the latest counts', async () => {
    const slow = new Slow();
    const run = new ProbeRun<string>(slow.api, 'lens');
    const first = run.run(fact('one'), {});
    slow.calls[0]!.answer('first');
    await first;
    const overtaken = run.run(fact('two'), {});
    const latest = run.run(fact('three'), {});
    expect([run.result, run.working, run.staleFor(fact('three')), run.staleFor(fact('one'))]).toEqual([
      'first',
      true,
      true,
      false,
    ]);
    slow.calls[2]!.answer('third');
    expect(await overtaken).toBeUndefined();
    expect((await latest)?.result).toBe('third');
    expect([run.result, run.working, run.error]).toEqual(['third', false, undefined]);
  });

  it('tells a failure from being cancelled', async () => {
    const slow = new Slow();
    const run = new ProbeRun<string>(slow.api, 'lens');
    const failing = run.run(fact('one'), {});
    slow.calls[0]!.fail(new StrataError('run-failed', 'it broke'));
    await failing;
    expect(run.error?.code).toBe('run-failed');
    const cancelled = run.run(fact('one'), {});
    run.cancel();
    await cancelled;
    expect([run.error, run.working]).toEqual([undefined, false]);
  });
});

describe('the workbench', () => {
  const bench = (slow: Slow) => {
    const runs = ['emergence', 'lens', 'attention'].map((id) => new ProbeRun<unknown>(slow.api, id));
    const steps = runs.map((run) => ({ run, options: () => ({}), wanted: () => run.id !== 'attention' }));
    return { workbench: new Workbench(slow.api, steps), runs };
  };

  it('asks wanted probes one after the other, with the fact as it was typed', async () => {
    const slow = new Slow();
    const { workbench } = bench(slow);
    workbench.set({ prompt: 'x', answer: 'a|b', foil: 'c', subject: [0, 1] });
    const done = workbench.run();
    await settled();
    expect(slow.calls.map((call) => call.request.probe)).toEqual(['emergence']);
    slow.calls[0]!.answer(1);
    await settled();
    slow.calls[1]!.answer(2);
    expect(await done).toBe(true);
    expect(slow.calls.map((call) => call.request.probe)).toEqual(['emergence', 'lens']);
    expect(slow.calls[1]!.request.fact).toEqual({ prompt: 'x', answers: ['a', 'b'], foil: 'c', subject: [0, 1] });
    expect(workbench.working).toBe(false);
  });

  it('gives way to later text', async () => {
    const slow = new Slow();
    const { workbench, runs } = bench(slow);
    workbench.set({ prompt: 'old', answer: '', foil: '' });
    const old = workbench.run();
    await settled();
    workbench.set({ prompt: 'new', answer: '', foil: '' });
    const latest = workbench.run();
    await settled();
    expect(await old).toBe(false);
    slow.calls[1]!.answer('new');
    await settled();
    slow.calls[2]!.answer('new');
    expect(await latest).toBe(true);
    expect(runs[0]!.latest?.fact?.prompt).toBe('new');
  });

  it('runs nothing for a prompt that is empty or too long, and says what failed', async () => {
    const slow = new Slow();
    const { workbench } = bench(slow);
    expect(await workbench.run()).toBe(false);
    slow.over = 3;
    workbench.set({ prompt: 'much too long', answer: '', foil: '' });
    expect(await workbench.run()).toBe(false);
    expect([slow.calls.length, workbench.prepared?.tokensOver, workbench.working]).toEqual([0, 3, false]);
    slow.over = 0;
    workbench.set({ prompt: 'short', answer: '', foil: '' });
    const failing = workbench.run();
    await settled();
    slow.calls[0]!.fail(new StrataError('non-finite', ''));
    await settled();
    slow.calls[1]!.answer(1);
    expect(await failing).toBe(false);
    expect(workbench.error?.code).toBe('non-finite');
  });

  it('shows the tokens of the text as it stands, never of an earlier one', async () => {
    const slow = new Slow();
    const { workbench } = bench(slow);
    workbench.set({ prompt: 'old', answer: '', foil: '' });
    void workbench.run();
    await settled();
    expect(workbench.prepared?.fact.prompt).toBe('old');
    workbench.set({ prompt: 'new', answer: 'x', foil: 'unreadable' });
    expect(await workbench.run()).toBe(false);
    expect([workbench.error?.code, workbench.prepared?.fact.prompt]).toEqual(['answer-not-continuation', 'new']);
    workbench.set({ prompt: 'unreadable', answer: '', foil: '' });
    await workbench.run();
    expect(workbench.prepared).toBeUndefined();
    workbench.set({ prompt: 'newest', answer: '', foil: '' });
    void workbench.run();
    workbench.cancel();
    await settled();
    expect([workbench.prepared?.fact.prompt, workbench.working, workbench.error]).toEqual(['newest', false, undefined]);
  });

  it('works from the first key on, until what was asked again is there or is cancelled', async () => {
    const slow = new Slow();
    const { workbench, runs } = bench(slow);
    workbench.set({ prompt: 'x', answer: '', foil: '' });
    workbench.runSoon(0);
    expect(workbench.working).toBe(true);
    await settled();
    slow.calls[0]!.answer(1);
    await settled();
    slow.calls[1]!.answer(2);
    await settled();
    expect(workbench.working).toBe(false);
    void workbench.again(runs[1]!);
    expect([workbench.working, slow.calls.length]).toEqual([true, 3]);
    workbench.cancel();
    await settled();
    expect([workbench.working, workbench.error, runs[1]!.result]).toEqual([false, undefined, 2]);
  });

  it('says what failed when asked again, until it is mended', async () => {
    const slow = new Slow();
    const { workbench, runs } = bench(slow);
    workbench.set({ prompt: 'x', answer: '', foil: '' });
    void workbench.run();
    await settled();
    slow.calls[0]!.answer(1);
    await settled();
    slow.calls[1]!.answer(2);
    await settled();
    const failing = workbench.again(runs[0]!);
    slow.calls[2]!.fail(new StrataError('run-failed', ''));
    await failing;
    expect([workbench.working, workbench.error?.code]).toEqual([false, 'run-failed']);
    runs[0]!.drop();
    expect(workbench.error).toBeUndefined();
  });

  it('lets other work be while more is typed, and ends it with the rest', async () => {
    const slow = new Slow();
    const { workbench } = bench(slow);
    let ended = false;
    void workbench.also(
      () => new Promise(() => undefined),
      () => (ended = true),
    );
    workbench.set({ prompt: '', answer: '', foil: '' });
    await workbench.run();
    expect([workbench.working, ended]).toEqual([true, false]);
    workbench.cancel();
    expect([workbench.working, ended]).toEqual([false, true]);
  });

  it('that is stopped begins nothing more, whichever turn it is in', async () => {
    const slow = new Slow();
    const runs = ['lens', 'null', 'other null'].map((id) => new ProbeRun<unknown>(slow.api, id));
    const steps = runs.map((run, at) => ({ run, options: () => ({}), ...(at > 0 ? { turn: 'last' as const } : {}) }));
    const workbench = new Workbench(slow.api, steps);
    workbench.set({ prompt: 'x', answer: '', foil: '' });
    // While it is put into tokens.
    const whileReading = workbench.run();
    workbench.cancel();
    await expect(whileReading).resolves.toBe(false);
    expect(slow.calls).toHaveLength(0);
    // In the first of its runs.
    const whileRunning = workbench.run();
    await settled();
    workbench.cancel();
    await expect(whileRunning).resolves.toBe(false);
    expect(slow.calls).toHaveLength(1);
    // In a turn made later.
    const later = workbench.turn('last');
    await settled();
    workbench.cancel();
    await later;
    expect(slow.calls.map(({ request }) => request.probe)).toEqual(['lens', 'null']);
    expect([workbench.working, workbench.error]).toEqual([false, undefined]);
  });

  it('tells of the tokens before anything is run on them', async () => {
    const slow = new Slow();
    const heard: string[] = [];
    const run = new ProbeRun<unknown>(slow.api, 'lens');
    const step = { run, options: () => ({ heard: heard.length }) };
    const workbench = new Workbench(slow.api, [step], (prepared) => heard.push(prepared.fact.prompt));
    workbench.set({ prompt: 'x', answer: '', foil: '' });
    void workbench.run();
    await settled();
    expect([heard, slow.calls[0]!.request.options]).toEqual([['x'], { heard: 1 }]);
  });
});
