import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { StrataError } from '../core/errors';
import { seededRandom } from '../core/random';
import { LAYER_WEIGHTS, MODEL_WEIGHTS } from '../core/weights';
import { findAnatomy, findLogits, type Anatomy } from './anatomy';
import { bindCaches, type Caches } from './cache';
import type { ExternalFiles } from './constants';
import { emitModel, SOURCE_LOCATION } from './emit';
import { WeightFinder } from './find-weights';
import { GraphView } from './graph';
import { inputFillings } from './fillings';
import { checkInputs, neededInputs } from './inputs';
import { withoutBranches } from './rewrites/branches';
import { computeInFloat32, usesFloat16 } from './rewrites/float32';
import { withoutTokenSegments, withPlainOperators } from './rewrites/plain-operators';
import { checkSafety } from './safety';
import { scanModel } from './scan';
import { allOf } from './stored-values';
import { buildTail } from './tail-header';
import { buildPlain, buildTrunk, type Point } from './trunk-header';

/**
 * A few seconds' worth. The long run is `STRATA_FUZZ=100000`, or a part of it: `STRATA_FUZZ=20000-40000`. Every file has
 * a number, and the number is its seed.
 */
const [FIRST, END] = rangeOf(process.env['STRATA_FUZZ'] ?? '400');
const SLOW_MILLISECONDS = 5000;
const LARGE_BYTES = 256 * 2 ** 20;

function rangeOf(text: string): [number, number] {
  const [first, end] = text.split('-').map(Number) as [number, number | undefined];
  return end === undefined ? [0, first] : [first, end];
}

interface Base {
  readonly bytes: Uint8Array;
  readonly external: ExternalFiles;
  readonly config: Readonly<Record<string, unknown>>;
}

const FIXTURES = fileURLToPath(new URL('../../tests/fixtures/', import.meta.url));

/** A fixture's graph with its weights outside, so that most changes hit the graph. */
function fixture(folder: string, graph: string): Base {
  const bytes = new Uint8Array(readFileSync(`${FIXTURES}${folder}/onnx/${graph}`));
  const config = JSON.parse(readFileSync(`${FIXTURES}${folder}/config.json`, 'utf8')) as Base['config'];
  const model = scanModel(bytes);
  const outputs = model.graph.outputs.map(({ name }) => name);
  const header = emitModel(model, { ...model.graph, outputs });
  return { bytes: header.bytes, external: new Map([[SOURCE_LOCATION, bytes]]), config };
}

function tiny(): Base {
  const shape = { name: 'tiny', n_layer: 1, n_head: 2, n_embd: 8, n_inner: 16, n_positions: 8, vocab_size: 24 };
  const { graph, external, config } = randomGpt2(shape);
  return { bytes: graph.bytes, external, config };
}

const BASES: readonly (readonly [string, Base])[] = [
  ['plain', tiny()],
  ['merged', fixture('layouts/merged-gpt2', 'decoder_model_merged.onnx')],
  ['fused', fixture('layouts/fused-gpt2', 'model.onnx')],
  ['fused, with past', fixture('layouts/fused-gpt2-past', 'model.onnx')],
  ['genai', fixture('layouts/genai-lfm2', 'model.onnx')],
  ['optimum', fixture('zoo/optimum-llama', 'model.onnx')],
  ['half precision', fixture('zoo/genai-llama', 'model_fp16.onnx')],
  ['eight bits', fixture('zoo/optimum-gpt2', 'model_quantized.onnx')],
  ['four bits', fixture('layouts/genai-llama-q4f16', 'model_q4f16.onnx')],
];

/** Everything that is done with a foreign file before the runtime sees it. @returns how far it was understood. */
function read({ bytes, external, config }: Base): 'whole' | 'logits' {
  const stored = withoutBranches(scanModel(bytes));
  checkSafety(stored, external);
  const model = withoutTokenSegments(stored, external) ?? stored;
  const wide = usesFloat16(model) ? computeInFloat32(model) : model;
  const fused = new GraphView(wide, external);
  const plain = withPlainOperators(fused, config, true);
  const view = plain ? new GraphView(plain, external) : fused;
  let anatomy: Anatomy | undefined;
  try {
    anatomy = findAnatomy(view, config);
  } catch (cause) {
    if (!(cause instanceof StrataError && cause.code === 'unknown-anatomy')) throw cause;
  }
  const logits = anatomy?.logits ?? findLogits(view);
  const inputs = neededInputs(view, logits);
  const caches = bindCaches(view, inputs, { d_head: anatomy?.dims.d_head ?? 8, d_model: 32, convolution: 3 });
  const tokens = checkInputs(inputs, anatomy?.tokens, caches.names);
  inputFillings(
    view,
    inputs.filter(({ name }) => !caches.names.has(name)),
    tokens,
    config,
  );
  if (anatomy) build(view, anatomy, caches);
  else buildPlain(view, logits, caches);
  return anatomy ? 'whole' : 'logits';
}

/** Both headers, with every hook tapped and a point at each, and the weights that are read. */
function build(view: GraphView, anatomy: Anatomy, caches: Caches): void {
  const hooks = [...anatomy.sites.keys()];
  const layers = anatomy.layers.map((_, layer) => layer);
  const points: Point[] = [
    ...hooks.map((hook): Point => ({ kind: 'affine', hook })),
    ...layers.flatMap((layer): Point[] => [
      { kind: 'mask', layer },
      { kind: 'edit', layer },
    ]),
  ];
  const { table } = buildTrunk(view, anatomy, caches, hooks, points);
  table?.rows([0]);
  buildTail(view, anatomy);
  const finder = new WeightFinder(view, anatomy);
  const found = [
    ...MODEL_WEIGHTS.map((name) => finder.ofModel(name)),
    ...layers.flatMap((layer) => LAYER_WEIGHTS.map((name) => finder.ofLayer(layer, name))),
  ];
  for (const weight of found) if (typeof weight !== 'string') allOf(weight);
}

/** Flips bits, overwrites, cuts, repeats and moves pieces. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const at = (size: number): number => Math.floor(random() * size);
  let bytes = original.slice();
  for (let change = at(4); change >= 0; change--) {
    const where = at(bytes.length);
    const length = at(40);
    const kind = at(7);
    if (kind === 0) bytes[where]! ^= 1 << at(8);
    else if (kind === 1) bytes[where] = at(256);
    else if (kind === 2) bytes.fill(0xff, where, where + length);
    // A cut leaves little to be understood: rarely.
    else if (kind === 3 && at(8) === 0) bytes = bytes.slice(0, where);
    else if (kind === 3) bytes[where] = bytes[at(bytes.length)]!;
    else if (kind === 4) bytes.copyWithin(at(bytes.length), where, where + length);
    else if (kind === 5) swapped(bytes, where, at(bytes.length), length);
    else {
      bytes.copyWithin(where, where + length);
      bytes = bytes.subarray(0, Math.max(where, bytes.length - length));
    }
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

/** Two pieces of one length change places, as names of tensors would. */
function swapped(bytes: Uint8Array, one: number, other: number, length: number): void {
  const size = Math.min(length, bytes.length - Math.max(one, other));
  const kept = bytes.slice(one, one + size);
  bytes.copyWithin(one, other, other + size);
  bytes.set(kept, other);
}

function memory(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

describe('foreign model files', () => {
  it.each(BASES)('are read whole when nothing is damaged: %s', (_, base) => {
    expect(read(base)).toBe('whole');
  });

  it(`number ${FIRST} to ${END} are each read or refused with a code, in little time and memory`, () => {
    const outcomes = new Map<string, number>();
    let slowest = 0;
    let largest = 0;
    for (let file = FIRST; file < END; file++) {
      const [layout, base] = BASES[file % BASES.length]!;
      const damaged = { ...base, bytes: mutate(base.bytes, seededRandom(20261121 + file)) };
      const before = memory();
      const begin = performance.now();
      let outcome: string;
      try {
        outcome = read(damaged);
      } catch (cause) {
        if (!(cause instanceof StrataError)) throw new Error(`file ${file} (${layout})`, { cause });
        outcome = cause.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      slowest = Math.max(slowest, performance.now() - begin);
      largest = Math.max(largest, memory() - before);
    }
    if (process.env['STRATA_FUZZ'] !== undefined) {
      const counts = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
      console.warn(`${counts}; slowest ${Math.round(slowest)} ms, largest ${Math.round(largest / 1e6)} MB`);
    }
    expect(slowest).toBeLessThan(SLOW_MILLISECONDS);
    expect(largest).toBeLessThan(LARGE_BYTES);
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['whole', 'logits', 'malformed-model']));
  }, 3_600_000);
});
