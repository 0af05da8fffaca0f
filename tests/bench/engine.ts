// The engine beside the plain runtime, on random models of Atlas's, GPT-2 small's and SmolLM2-135M's shape; beside PyTorch too.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as ort from 'onnxruntime-web';
import { importRuntime } from '../../src/cli/node-runtime';
import type { HookName } from '../../src/core/hooks';
import type { ModelFiles } from '../../src/core/model';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { ElementType, type ValueInfo } from '../../src/onnx/onnx-model';
import { scanModel } from '../../src/onnx/scan';
import { enlargedLlama, SMOLLM2_135M_SHAPE } from './enlarged-llama';
import { ATLAS_SHAPE, GPT2_SMALL_SHAPE, randomGpt2, type Gpt2Shape } from './random-gpt2';
import { quantile, type Row, type Section } from './report';

const THREADS = Math.min(2, availableParallelism());
const LENGTHS = [16, 128];
const LIMIT = 1.1;
const TOP = 10;
const PYTHON = process.env['STRATA_PYTHON'] ?? 'python3';

export interface Plan {
  readonly title: string;
  readonly files: () => ModelFiles | Promise<ModelFiles>;
  /** Rounds of the alternating comparison and of the full probe (0: none), by prompt length. */
  readonly rounds: Readonly<Record<number, readonly [number, number]>>;
  /** PyTorch runs the full probe on the same shape. */
  readonly torch?: Gpt2Shape;
}

function gpt2Plan(shape: Gpt2Shape, rounds: Plan['rounds']): Plan {
  return { title: shape.name, files: () => randomGpt2(shape), rounds, torch: shape };
}

const LLAMA_ROUNDS = { 16: [9, 0], 128: [5, 0] } as const;

export const PLANS: readonly Plan[] = [
  gpt2Plan(ATLAS_SHAPE, { 16: [60, 20], 128: [30, 10] }),
  gpt2Plan(GPT2_SMALL_SHAPE, { 16: [9, 3], 128: [5, 2] }),
  ...(['optimum-llama', 'genai-llama'] as const).map((layout) => ({
    title: `${layout}, ${SMOLLM2_135M_SHAPE.name}`,
    files: () => enlargedLlama(layout, SMOLLM2_135M_SHAPE),
    rounds: LLAMA_ROUNDS,
  })),
];

/** Each plan in a process of its own, since ONNX Runtime's memory never shrinks. */
export async function engineSections(): Promise<Section[]> {
  const script = fileURLToPath(new URL('engine-plan.ts', import.meta.url));
  const sections: Section[] = [];
  for (const index of PLANS.keys()) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, String(index)]);
    sections.push(JSON.parse(stdout) as Section);
  }
  return sections;
}

export async function measurePlan({ title, files: make, rounds, torch }: Plan): Promise<Section> {
  const files = await make();
  const before = performance.now();
  const engine = await createEngine(files, { threads: THREADS, importRuntime });
  const rows: Row[] = [{ what: 'Load: scan, anatomy, two sessions', value: ms(performance.now() - before) }];
  const plain = await Plain.open(files);
  await sameLogits(engine, plain);
  for (const length of LENGTHS) {
    const [alternating, probes] = rounds[length] ?? [5, 2];
    rows.push(...(await compare(engine, plain, length, alternating)));
    if (probes > 0) rows.push(...(await probe(engine, length, probes)));
  }
  await plain.release();
  await engine.dispose();
  if (torch) rows.push(...(await torchRows(torch)));
  return { title: `Engine, ${title}, WASM, ${THREADS} threads`, rows };
}

/** The file exactly as it is, its caches fed with length zero. */
class Plain {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly inputs: readonly ValueInfo[],
    private readonly d_head: number,
  ) {}

  static async open(files: ModelFiles): Promise<Plain> {
    const externalData = [...files.external].map(([path, data]) => ({ path, data }));
    const session = await ort.InferenceSession.create(files.graph.bytes, { externalData, logSeverityLevel: 3 });
    const { inputs } = scanModel(files.graph.bytes).graph;
    return new Plain(session, inputs, Number(files.config['head_dim'] ?? 0));
  }

  /** Logits `[T, d_vocab]`. */
  async logits(tokens: readonly number[]): Promise<Float32Array> {
    const feeds = Object.fromEntries(this.inputs.map((input) => [input.name, this.feed(input, tokens)]));
    const { logits } = await this.session.run(feeds, ['logits']);
    return logits!.data as Float32Array;
  }

  private feed({ name, elementType, dims = [] }: ValueInfo, tokens: readonly number[]): ort.Tensor {
    if (elementType !== ElementType.INT64) {
      const shape = dims.map((dim, axis) => (typeof dim === 'number' ? dim : [1, 0, 0, this.d_head][axis]!));
      return new ort.Tensor('float32', new Float32Array(), shape);
    }
    const values = /mask/.test(name) ? tokens.map(() => 1) : /position/.test(name) ? tokens.map((_, at) => at) : tokens;
    return new ort.Tensor(
      'int64',
      BigInt64Array.from(values, (value) => BigInt(value)),
      [1, tokens.length],
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Two that compute different things must not be compared. */
async function sameLogits(engine: Engine, plain: Plain): Promise<void> {
  const { info } = engine;
  if (info.missing.length > 0) throw new Error(`${info.name} is not understood: ${info.missing[0]!.reason.code}`);
  const tokens = prompt(LENGTHS[0]!, info.dims.d_vocab);
  const expected = await plain.logits(tokens);
  const { captures } = await engine.trace({ tokens, interventions: [], captures: ['logits'] });
  const found = captures.get('logits')!.data;
  const range = Math.max(...expected.subarray(0, info.dims.d_vocab).map(Math.abs));
  const off = expected.findIndex((value, index) => !(Math.abs(value - found[index]!) <= 1e-3 * range));
  if (off >= 0 || range === 0) throw new Error(`${info.name} and its plain run differ.`);
}

/** Different at every call, so that nothing kept from the call before can answer it. */
let nextPrompt = 1;
function prompt(length: number, d_vocab: number): number[] {
  const seed = nextPrompt++;
  return Array.from({ length }, (_, index) => (seed * 997 + index * 131) % d_vocab);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The file as it is and the engine, in turn: logits of every position from both, with and without reading taps. */
async function compare(engine: Engine, plain: Plain, length: number, rounds: number): Promise<Row[]> {
  const { hooks, dims } = engine.info;
  const patterns = hooks.filter((hook) => hook.endsWith('hook_pattern'));
  const trace = (captures: readonly HookName[]) => (): Promise<unknown> =>
    engine.trace({ tokens: prompt(length, dims.d_vocab), interventions: [], captures });
  const bare = (): Promise<unknown> => plain.logits(prompt(length, dims.d_vocab));
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
async function probe(engine: Engine, length: number, rounds: number): Promise<Row[]> {
  const { hooks, dims } = engine.info;
  const patterns = hooks.filter((hook) => hook.endsWith('hook_pattern'));
  const first: number[] = [];
  const whole: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const tokens = prompt(length, dims.d_vocab);
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
