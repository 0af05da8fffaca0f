// Sweeps: many runs that differ in what is switched off, together and one by one, and what their points cost.
import { blockHook, type HookName } from '../../src/core/hooks';
import type { Intervention } from '../../src/core/interventions';
import type { RunSpec } from '../../src/core/run';
import type { Engine } from '../../src/engine/engine';
import { quantile, type Row } from './report';

const SWEEP_TOKENS = 12;
const FASTER = 2.5;
const SWEEP_LIMIT = 1.1;

type Prompt = (length: number, d_vocab: number) => number[];

/** Every head, attention and MLP off, one at a time: 64 runs of a model of Atlas's shape. */
function ablations({ info }: Engine): Intervention[] {
  const { n_layers, n_heads } = info.dims;
  const off = (hook: HookName, head?: number): Intervention => ({
    kind: 'ablate',
    hook,
    mode: 'zero',
    ...(head === undefined ? {} : { head: [head] }),
  });
  return Array.from({ length: n_layers }, (_, layer) => [
    ...Array.from({ length: n_heads }, (_head, head) => off(blockHook(layer, 'attn.hook_z'), head)),
    off(blockHook(layer, 'hook_attn_out')),
    off(blockHook(layer, 'hook_mlp_out')),
  ]).flat();
}

/** The sweep through `traces` against the same runs through `trace`, in turn. */
export async function sweepRows(engine: Engine, prompt: Prompt, rounds: number): Promise<Row[]> {
  const list = ablations(engine);
  const lens = { positions: [-1], midLayers: false, rows: 'last', k: 1, targets: [5] } as const;
  const stage = { specs: list.length, interventions: list };
  const specs = (): RunSpec[] => {
    const tokens = prompt(SWEEP_TOKENS, engine.info.dims.d_vocab);
    return list.map((item) => ({ tokens, interventions: [item], captures: [], lens }));
  };
  const together = async (): Promise<void> => {
    let count = 0;
    for await (const { lens: table } of engine.traces(specs(), { stage })) if (table) count++;
    if (count !== list.length) throw new Error(`${count} traces of ${list.length} runs`);
  };
  const single = async (): Promise<void> => {
    for (const spec of specs()) await engine.trace(spec);
  };
  const times = { together: [] as number[], single: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    const one = [await timedMs(together), await timedMs(single)] as const;
    // The first rounds build the session and find the size of a batch.
    if (round < 0) continue;
    times.together.push(one[0]);
    times.single.push(one[1]);
  }
  const faster = median(times.single.map((time, index) => time / times.together[index]!));
  const [fast, slow] = [median(times.together), median(times.single)].map((time) => `${Math.round(time)} ms`);
  return [
    {
      what: `${list.length} ablations, ${SWEEP_TOKENS} tokens, batched / one by one`,
      value: `${faster.toFixed(2)} × faster (${fast}, ${slow})`,
      limit: `≥ ${FASTER} ×`,
      ok: faster >= FASTER,
    },
  ];
}

/** Runs that change nothing through the session with all points of the sweep, against the plain session, in turn. */
export async function pointRows(engine: Engine, prompt: Prompt, length: number, rounds: number): Promise<Row[]> {
  const { d_vocab } = engine.info.dims;
  const run = async (interventions: readonly Intervention[]): Promise<void> => {
    await engine.trace({ tokens: prompt(length, d_vocab), interventions, captures: ['logits'] });
  };
  const stage = { specs: 1, interventions: ablations(engine) };
  for await (const _ of engine.traces([], { stage }));
  const neutral: Intervention = { kind: 'scale', hook: blockHook(0, 'attn.hook_z'), pos: [0], head: [0], by: 1 };
  const ratios: number[] = [];
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const plain = await timedMs(() => run([]));
    const instrumented = await timedMs(() => run([neutral]));
    if (round < 0) continue;
    ratios.push(instrumented / plain);
    times.push(instrumented);
  }
  const value = median(ratios);
  return [
    {
      what: `All points of the sweep built in / plain, ${length} tokens`,
      value: `${value.toFixed(3)} (${median(times).toFixed(1)} ms)`,
      limit: `≤ ${SWEEP_LIMIT}`,
      ok: value <= SWEEP_LIMIT,
    },
  ];
}

const median = (values: readonly number[]): number => quantile(values, 0.5);

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
