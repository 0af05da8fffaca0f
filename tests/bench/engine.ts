// The engine beside the plain runtime and beside PyTorch, on random models of Atlas's and GPT-2 small's shape.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as ort from 'onnxruntime-web';
import { importRuntime } from '../../src/cli/node-runtime';
import type { HookName } from '../../src/core/hooks';
import type { ModelFiles } from '../../src/core/model';
import { createEngine } from '../../src/engine/create';
import type { Engine } from '../../src/engine/engine';
import { ATLAS_SHAPE, GPT2_SMALL_SHAPE, randomGpt2, type Gpt2Shape } from './random-gpt2';
import { quantile, type Row, type Section } from './report';

const THREADS = Math.min(2, availableParallelism());
const LENGTHS = [16, 128];
const LIMIT = 1.1;
const TOP = 10;
const PYTHON = process.env['STRATA_PYTHON'] ?? 'python3';

interface Plan {
  readonly shape: Gpt2Shape;
  /** Rounds of the alternating comparison and of the full probe, by prompt length. */
  readonly rounds: Readonly<Record<number, readonly [number, number]>>;
}

const PLANS: readonly Plan[] = [
  { shape: ATLAS_SHAPE, rounds: { 16: [60, 20], 128: [30, 10] } },
  { shape: GPT2_SMALL_SHAPE, rounds: { 16: [9, 3], 128: [5, 2] } },
];

export async function engineSections(): Promise<Section[]> {
  const sections: Section[] = [];
  for (const plan of PLANS) sections.push(await measureShape(plan));
  return sections;
}

async function measureShape({ shape, rounds }: Plan): Promise<Section> {
  const files = randomGpt2(shape);
  const before = performance.now();
  const engine = await createEngine(files, { threads: THREADS, importRuntime });
  const rows: Row[] = [{ what: 'Load: scan, anatomy, two sessions', value: ms(performance.now() - before) }];
  const plain = await plainSession(files);
  for (const length of LENGTHS) {
    const [alternating, probes] = rounds[length] ?? [5, 2];
    rows.push(...(await compare(engine, plain, shape, length, alternating)));
    rows.push(...(await probe(engine, shape, length, probes)));
  }
  await plain.release();
  await engine.dispose();
  rows.push(...(await torchRows(shape)));
  return { title: `Engine, ${shape.name}, WASM, ${THREADS} threads`, rows };
}

function plainSession(files: ModelFiles): Promise<ort.InferenceSession> {
  const externalData = [...files.external].map(([path, data]) => ({ path, data }));
  return ort.InferenceSession.create(files.graph.bytes, { externalData, logSeverityLevel: 3 });
}

/** Different at every call, so that nothing kept from the call before can answer it. */
let nextPrompt = 1;
function prompt(length: number, shape: Gpt2Shape): number[] {
  const seed = nextPrompt++;
  return Array.from({ length }, (_, index) => (seed * 997 + index * 131) % shape.vocab_size);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The file as it is and the engine, in turn: logits of every position from both, with and without reading taps. */
async function compare(
  engine: Engine,
  plain: ort.InferenceSession,
  shape: Gpt2Shape,
  length: number,
  rounds: number,
): Promise<Row[]> {
  const patterns = engine.info.hooks.filter((hook) => hook.endsWith('hook_pattern'));
  const trace = (captures: readonly HookName[]) => (): Promise<unknown> =>
    engine.trace({ tokens: prompt(length, shape), interventions: [], captures });
  const bare = (): Promise<unknown> => {
    const ids = BigInt64Array.from(prompt(length, shape), (id) => BigInt(id));
    return plain.run({ input_ids: new ort.Tensor('int64', ids, [1, length]) }, ['logits']);
  };
  const times = { plain: [] as number[], taps: [] as number[], patterns: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const one = [
      await timed(bare),
      await timed(trace(['logits'])),
      await timed(trace(['logits', ...patterns])),
    ] as const;
    // The first round compiles and allocates.
    if (round < 0) continue;
    times.plain.push(one[0]);
    times.taps.push(one[1]);
    times.patterns.push(one[2]);
  }
  const ratio = (what: string, of: readonly number[]): Row => {
    const value = quantile(
      of.map((time, index) => time / times.plain[index]!),
      0.5,
    );
    return {
      what: `${what}, ${length} tokens`,
      value: `${value.toFixed(3)} (${ms(quantile(of, 0.5))})`,
      limit: `≤ ${LIMIT}`,
      ok: value <= LIMIT,
    };
  };
  return [
    { what: `Plain run, ${length} tokens`, value: ms(quantile(times.plain, 0.5)) },
    ratio('Instrumented / plain, logits read', times.taps),
    ratio('Instrumented / plain, logits and all patterns read', times.patterns),
  ];
}

/** What the page asks for: the answer's column first, then every layer and position with its top tokens. */
async function probe(engine: Engine, shape: Gpt2Shape, length: number, rounds: number): Promise<Row[]> {
  const patterns = engine.info.hooks.filter((hook) => hook.endsWith('hook_pattern'));
  const first: number[] = [];
  const whole: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const tokens = prompt(length, shape);
    const lens = { midLayers: false, k: TOP, targets: [5] };
    const run = (positions: 'all' | readonly number[]) => (): Promise<unknown> =>
      engine.trace({ tokens, interventions: [], captures: patterns, lens: { ...lens, positions } });
    const column = await timed(run([-1]));
    const rest = await timed(run('all'));
    if (round < 0) continue;
    first.push(column);
    whole.push(column + rest);
  }
  return [
    { what: `Answer's column of the lens and all patterns, ${length} tokens`, value: ms(quantile(first, 0.5)) },
    {
      what: `Full probe (that, then all layers × positions, top ${TOP}), ${length} tokens`,
      value: ms(quantile(whole, 0.5)),
    },
  ];
}

/** PyTorch doing the same, where it is installed. */
async function torchRows(shape: Gpt2Shape): Promise<Row[]> {
  const script = fileURLToPath(new URL('bench_torch.py', import.meta.url));
  const args = [script, JSON.stringify(shape), String(THREADS), ...LENGTHS.map(String)];
  try {
    const { stdout } = await promisify(execFile)(PYTHON, args);
    const times = JSON.parse(stdout) as Record<string, number>;
    return Object.entries(times).map(([length, time]) => ({
      what: `PyTorch/transformers, the same probe, ${length} tokens`,
      value: ms(time),
    }));
  } catch {
    return [{ what: 'PyTorch/transformers, the same probe', value: 'not measured: PyTorch is not installed here' }];
  }
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
