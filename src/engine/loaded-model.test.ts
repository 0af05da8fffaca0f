import { afterEach, describe, expect, it, vi } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { largestDifference } from '../../tests/golden/zoo';
import { importRuntime } from '../cli/node-runtime';
import type { HookName } from '../core/hooks';
import type { Intervention } from '../core/interventions';
import type { RunSpec, Stage, Trace } from '../core/run';
import { createEngine } from './create-engine';
import type { Engine, EngineOptions } from './engine';
import type { InferenceSession, Runtime } from './session/runtime';

const TINY = { name: 'tiny', n_layer: 3, n_head: 2, n_embd: 8, n_inner: 16, n_positions: 8, vocab_size: 24 };
const PROMPT = [3, 7, 5, 1];

/**
 * A runtime that counts: sessions made and still open, and how many prompts each run of the layers has. It has memory for
 * `room` of them.
 */
function counting() {
  const seen = { made: 0, open: 0, batches: [] as number[], room: Infinity, says: 'std::bad_alloc' };
  const load = async (): Promise<Runtime> => {
    const runtime = await importRuntime();
    const create = async (...args: Parameters<typeof runtime.InferenceSession.create>): Promise<InferenceSession> => {
      const session = await runtime.InferenceSession.create(...args);
      seen.made++;
      seen.open++;
      const run = session.run.bind(session) as (...given: unknown[]) => ReturnType<typeof session.run>;
      session.run = ((feeds: InferenceSession.FeedsType, ...rest: unknown[]) => {
        const vectors = feeds['strata.token_vectors'];
        if (vectors) seen.batches.push(vectors.dims[0]!);
        if (vectors && vectors.dims[0]! > seen.room) return Promise.reject(new Error(seen.says));
        return run(feeds, ...rest);
      }) as typeof session.run;
      const release = session.release.bind(session);
      session.release = () => {
        seen.open--;
        return release();
      };
      return session;
    };
    return { ...runtime, InferenceSession: { create } as unknown as Runtime['InferenceSession'] };
  };
  return { seen, load };
}

const engines: Engine[] = [];
async function open(options: EngineOptions = {}) {
  const { seen, load } = counting();
  const engine = await createEngine(randomGpt2(TINY), { ...options, importRuntime: load });
  engines.push(engine);
  seen.made = 0;
  seen.batches = [];
  return { engine, seen };
}
afterEach(async () => {
  vi.useRealTimers();
  for (const engine of engines.splice(0)) await engine.dispose();
});

async function all(traces: AsyncIterable<Trace>): Promise<Trace[]> {
  const found: Trace[] = [];
  for await (const trace of traces) found.push(trace);
  return found;
}

const headsOff = (): Intervention[] =>
  [0, 1, 2].flatMap((layer) =>
    [0, 1].map((head): Intervention => ({
      kind: 'ablate',
      hook: `blocks.${layer}.attn.hook_z`,
      head: [head],
      mode: 'mean',
    })),
  );
const spec = (interventions: readonly Intervention[], tokens: readonly number[] = PROMPT): RunSpec => ({
  tokens,
  interventions,
  captures: ['logits'],
});
const stageOf = (interventions: readonly Intervention[]): Stage => ({ specs: interventions.length, interventions });

describe('a stage of many runs', () => {
  it('makes one session for all its points and runs the prompt once as it is', async () => {
    const { engine, seen } = await open();
    const list = headsOff();
    const stage = stageOf(list);
    const traces = await all(
      engine.traces(
        list.map((item) => spec([item])),
        { stage },
      ),
    );
    expect(traces).toHaveLength(6);
    // The session with the points, and the tail's for bare logits.
    expect(seen.made).toBe(2);
    // The clean run, then the six.
    expect(seen.batches).toEqual([1, 4, 2]);
  });

  it('runs neighbours of one shape together and keeps the order', async () => {
    const { engine, seen } = await open();
    const short = [3, 7];
    const prompts = [PROMPT, [...PROMPT].reverse(), short, PROMPT, [1, 2, 3, 4]];
    const specs = prompts.map((tokens) => spec([], tokens));
    const traces = await all(engine.traces(specs));
    expect(traces.map((trace) => trace.spec.tokens)).toEqual(prompts);
    expect(seen.batches).toEqual([2, 1, 2]);
    const alone = await engine.trace(specs[4]!);
    expect(
      largestDifference(traces[4]!.captures.get('logits')!.data, alone.captures.get('logits')!.data),
    ).toBeLessThanOrEqual(1e-5);
  });

  it('gives each trace numbers of its own', async () => {
    const { engine } = await open();
    const [first, second] = await all(engine.traces([spec([]), spec([], [1, 2, 3, 4])]));
    const [a, b] = [first!, second!].map(({ captures }) => captures.get('logits')!.data);
    expect(a!.buffer).not.toBe(b!.buffer);
  });

  it('ends at the first spec that cannot be run, after the traces before it', async () => {
    const { engine } = await open();
    const wrong = spec([{ kind: 'ablate', hook: 'blocks.9.hook_mlp_out', mode: 'zero' }]);
    const seen: Trace[] = [];
    const run = async (): Promise<void> => {
      for await (const trace of engine.traces([spec([]), spec([]), wrong, spec([])])) seen.push(trace);
    };
    await expect(run()).rejects.toMatchObject({ code: 'unknown-hook' });
    expect(seen).toHaveLength(2);
    await engine.trace(spec([]));
  });

  it('keeps what is sound in a batch where one run has numbers that are none', async () => {
    const { engine } = await open();
    const huge: Intervention = { kind: 'scale', hook: 'blocks.0.hook_resid_post', by: 1e38 };
    const tooMuch: Intervention[] = [huge, { ...huge, hook: 'blocks.1.hook_resid_post' }];
    const seen: Trace[] = [];
    const run = async (): Promise<void> => {
      for await (const trace of engine.traces([spec([]), spec(tooMuch), spec([])])) seen.push(trace);
    };
    await expect(run()).rejects.toMatchObject({ code: 'non-finite' });
    expect(seen).toHaveLength(1);
  });

  it('makes smaller batches where memory is short, says so, and gives the same numbers', async () => {
    const { engine } = await open();
    const list = headsOff().map((item) => ({ ...item, mode: 'zero' }) as Intervention);
    const specs = list.map((item) => spec([item]));
    const stage = stageOf(list);
    const undisturbed = await all(engine.traces(specs, { stage }));
    const tight = await open();
    tight.seen.room = 1;
    const said = vi.fn();
    const traces = await all(tight.engine.traces(specs, { stage, onMemoryShort: said }));
    expect(tight.seen.batches).toEqual([4, 2, 1, 1, 2, 1, 1, 1, 1]);
    expect(said).toHaveBeenCalledTimes(3);
    traces.forEach(({ spec: own, captures }, at) => {
      expect(own).toEqual(specs[at]);
      const numbers = captures.get('logits')!.data;
      expect(largestDifference(numbers, undisturbed[at]!.captures.get('logits')!.data)).toBeLessThanOrEqual(1e-5);
    });
    // It is remembered, so that no further batch fails.
    tight.seen.batches.length = 0;
    await all(tight.engine.traces(specs, { stage }));
    expect(tight.seen.batches).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('gives up where one run alone has no room, or memory was written past its end', async () => {
    const { engine, seen } = await open();
    seen.room = 0;
    const specs = [spec([]), spec([], [1, 2, 3, 4])];
    await expect(all(engine.traces(specs))).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(seen.batches).toEqual([2, 1]);
    const other = await open();
    Object.assign(other.seen, { room: 1, says: 'memory access out of bounds' });
    await expect(all(other.engine.traces(specs))).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(other.seen.batches).toEqual([2]);
  });

  it('stops between batches, and takes specs only as they are needed', async () => {
    const { engine } = await open();
    const controller = new AbortController();
    let taken = 0;
    function* endless(): Generator<RunSpec> {
      for (;;) {
        taken++;
        yield spec([], [taken % 20, 1, 2, 3]);
      }
    }
    let count = 0;
    const run = async (): Promise<void> => {
      for await (const _ of engine.traces(endless(), { signal: controller.signal }))
        if (++count === 4) controller.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    expect(count).toBe(4);
    expect(taken).toBeLessThan(4 + 17);
  });
});

describe('the order of calls', () => {
  it('is the caller’s: what overlaps is refused, and the engine goes on', async () => {
    const { engine } = await open();
    const first = engine.trace(spec([]));
    await expect(engine.trace(spec([]))).rejects.toMatchObject({ code: 'internal' });
    await expect(engine.release()).rejects.toMatchObject({ code: 'internal' });
    await first;
    expect(await engine.generateStep(PROMPT)).toHaveLength(TINY.vocab_size);
  });

  it('lets another run in while a stage waits for its reader', async () => {
    const { engine } = await open();
    const list = headsOff();
    const stage = stageOf(list);
    const traces = engine.traces(
      list.map((item) => spec([item])),
      { stage },
    );
    await traces.next();
    await engine.trace(spec([]));
    expect(await all(traces)).toHaveLength(5);
  });

  it('closes after the run under way', async () => {
    const { engine, seen } = await open();
    const run = engine.trace(spec([]));
    await engine.dispose();
    await run;
    expect(seen.open).toBe(0);
    await expect(engine.trace(spec([]))).rejects.toMatchObject({ code: 'worker-lost' });
  });
});

describe('sessions for interventions', () => {
  it('are let go a while after the last run', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { engine, seen } = await open();
    const before = seen.open;
    const run = { ...spec([headsOff()[0]!]), captures: [] };
    await engine.trace(run);
    expect(seen.open).toBe(before + 1);
    vi.advanceTimersByTime(40_000);
    await engine.trace({ ...run, tokens: [1, 2] });
    vi.advanceTimersByTime(40_000);
    expect(seen.open).toBe(before + 1);
    vi.advanceTimersByTime(40_000);
    expect(seen.open).toBe(before);
    await engine.trace({ ...run, tokens: [1, 2, 3] });
    expect(seen.open).toBe(before + 1);
  });

  it('are let go when asked', async () => {
    const { engine, seen } = await open();
    const before = seen.open;
    await engine.trace(spec([headsOff()[0]!]));
    await engine.release();
    expect(seen.open).toBe(before);
  });
});

describe('scaling', () => {
  it('multiplies the numbers it names and no others', async () => {
    const { engine } = await open();
    const hook: HookName = 'blocks.1.mlp.hook_post';
    const capture = async (interventions: readonly Intervention[]) =>
      (await engine.trace({ tokens: PROMPT, interventions, captures: [hook] })).captures.get(hook)!.data;
    const plain = await capture([]);
    const scaled = await capture([{ kind: 'scale', hook, pos: [2], neuron: [3, 5], by: -2 }]);
    const width = TINY.n_inner;
    const expected = plain.map((value, at) => (at === 2 * width + 3 || at === 2 * width + 5 ? -2 * value : value));
    expect(largestDifference(scaled, expected)).toBeLessThanOrEqual(1e-6);
    expect(largestDifference(scaled, plain)).toBeGreaterThan(1e-4);
  });

  it('applies to what stands before it in the list', async () => {
    const { engine } = await open();
    const hook: HookName = 'blocks.1.hook_mlp_out';
    const vector = Array.from({ length: TINY.n_embd }, (_, at) => at + 1);
    const interventions: Intervention[] = [
      { kind: 'set', hook, pos: [1], vector },
      { kind: 'scale', hook, by: 3 },
      { kind: 'add', hook, pos: [1], vector },
    ];
    const { captures } = await engine.trace({ tokens: PROMPT, interventions, captures: [hook] });
    const row = captures.get(hook)!.data.subarray(TINY.n_embd, 2 * TINY.n_embd);
    expect(Array.from(row)).toEqual(vector.map((value) => 4 * value));
  });
});

describe('the last row of the lens alone', () => {
  it('is the last row of the whole table', async () => {
    const { engine } = await open();
    const lens = { positions: 'all', midLayers: false, k: 3, targets: [2, 9] } as const;
    const run = { tokens: PROMPT, interventions: [], captures: [] };
    const whole = (await engine.trace({ ...run, lens })).lens!;
    const last = (await engine.trace({ ...run, lens: { ...lens, rows: 'last' } })).lens!;
    expect(last.rowDepth).toEqual([TINY.n_layer]);
    const tail = (list: ArrayLike<number>, length: number) => Array.from(list).slice(-length);
    expect(Array.from(last.topIds)).toEqual(tail(whole.topIds, last.topIds.length));
    expect(Array.from(last.targetRanks)).toEqual(tail(whole.targetRanks, last.targetRanks.length));
    expect(largestDifference(last.targetProbs, tail(whole.targetProbs, last.targetProbs.length))).toBeLessThanOrEqual(
      1e-6,
    );
    expect(Array.from(last.klBits)).toEqual([0, 0, 0, 0]);
  });
});
