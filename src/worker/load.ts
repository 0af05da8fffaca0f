import { StrataError, throwIfAborted } from '../core/errors';
import type { Token } from '../core/fact';
import type { LoadRequest } from '../core/model-api';
import type { Backend, ModelFiles, ModelInfo } from '../core/model';
import { distinctIds } from '../core/random';
import type { Engine } from '../engine/engine';
import type { LoadCall, ModelApiDeps } from './deps';

/** Below this a model runs faster on the CPU than a GPU can be told what to do. */
const SMALL_BYTES = 64 * 2 ** 20;
/** Above this a second session for comparison would cost more memory than it is worth. */
const COMPARABLE_BYTES = 600 * 2 ** 20;
/** Length of the random prompt both backends run. */
const CHECK_TOKENS = 32;
/** Largest difference of logits taken for rounding, as a part of their range, by stored precision. */
const TOLERANCE = { fp32: 0.002, other: 0.05 };

export interface Loaded {
  readonly engine: Engine;
  readonly info: ModelInfo;
  /** Tokens described so far, by id: the same few thousand come again with every fact. */
  readonly labels: Map<number, Token>;
}

/**
 * Opens a model on the backend asked for. `auto` takes WASM for small models; for larger ones with a real GPU it
 * runs a short prompt on both and keeps the faster, and falls back to WASM when WebGPU fails.
 */
export async function load(request: LoadRequest, deps: ModelApiDeps, call: LoadCall): Promise<Loaded> {
  const files = await deps.openModel(request, call);
  throwIfAborted(call.signal);
  const open = (backend: Backend) => deps.openEngine(files, backend, call);
  if (request.backend === 'wasm') return plain(await open('wasm'));
  const support = await deps.webgpu();
  if (request.backend === 'webgpu') {
    if (support === 'none') throw new StrataError('backend-unavailable', 'This browser offers no WebGPU.');
    return files.provenance.bytes > COMPARABLE_BYTES ? plain(await open('webgpu')) : checked(files, open, call);
  }
  if (support !== 'hardware' || files.provenance.bytes < SMALL_BYTES) return plain(await open('wasm'));
  return fastest(files, open, call);
}

const plain = (engine: Engine, backendNote?: string): Loaded => ({
  engine,
  labels: new Map(),
  info: backendNote === undefined ? engine.info : { ...engine.info, backendNote },
});

type Open = (backend: Backend) => Promise<Engine>;

/** WebGPU as asked for, compared with WASM first. */
async function checked(files: ModelFiles, open: Open, call: LoadCall): Promise<Loaded> {
  const reference = await measureOn(open, call);
  const engine = await open('webgpu');
  return plain(engine, reference && disagreement(files, reference, await measure(engine, call)));
}

/** Undefined when this model cannot run on WASM: then there is nothing to compare with. */
async function measureOn(open: Open, call: LoadCall): Promise<Measured | undefined> {
  let wasm: Engine | undefined;
  try {
    wasm = await open('wasm');
    return await measure(wasm, call);
  } catch (cause) {
    if (StrataError.from(cause).code === 'cancelled') throw cause;
    return undefined;
  } finally {
    await wasm?.dispose();
  }
}

/** Both, and the faster one stays. */
async function fastest(files: ModelFiles, open: Open, call: LoadCall): Promise<Loaded> {
  const fallBack = (wasm: Engine, why: string): Loaded => {
    const message = `WebGPU could not be used, so the model runs on WASM: ${why}`;
    call.onProgress({ stage: 'note', note: 'backend-fallback', message });
    return plain(wasm, message);
  };
  if (files.provenance.bytes > COMPARABLE_BYTES) {
    try {
      return plain(await open('webgpu'));
    } catch (cause) {
      return fallBack(await open('wasm'), StrataError.from(cause).message);
    }
  }
  const wasm = await open('wasm');
  const reference = await measure(wasm, call);
  let webgpu: Engine | undefined;
  try {
    webgpu = await open('webgpu');
    const measured = await measure(webgpu, call);
    const note = disagreement(files, reference, measured);
    if (note === undefined && measured.milliseconds < reference.milliseconds) {
      await wasm.dispose();
      return plain(webgpu);
    }
    await webgpu.dispose();
    return note === undefined ? plain(wasm) : fallBack(wasm, note);
  } catch (cause) {
    const error = StrataError.from(cause);
    await webgpu?.dispose();
    if (error.code === 'cancelled') {
      await wasm.dispose();
      throw error;
    }
    return fallBack(wasm, error.message);
  }
}

interface Measured {
  readonly logits: Float32Array;
  readonly milliseconds: number;
}

async function measure(engine: Engine, call: LoadCall): Promise<Measured> {
  call.onProgress({ stage: 'prepare', step: 'self-check' });
  const { info } = engine;
  const start = info.bosTokenId === undefined ? [] : [info.bosTokenId];
  const length = Math.min(
    CHECK_TOKENS,
    info.dims.n_ctx - start.length,
    info.dims.d_vocab - info.specialTokenIds.length,
  );
  const tokens = [...start, ...distinctIds(length, info.dims.d_vocab, info.specialTokenIds, 1)];
  const options = call.signal ? { signal: call.signal } : {};
  // The first run compiles; the second is what a person will wait for.
  await engine.generateStep(tokens, options);
  const before = performance.now();
  const logits = await engine.generateStep(tokens, options);
  return { logits, milliseconds: performance.now() - before };
}

/** One sentence when two backends do not give the same logits; undefined when they do. */
export function disagreement(files: ModelFiles, reference: Measured, other: Measured): string | undefined {
  let largest = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < reference.logits.length; i++) {
    const value = reference.logits[i]!;
    low = Math.min(low, value);
    high = Math.max(high, value);
    largest = Math.max(largest, Math.abs(value - other.logits[i]!));
    if (Number.isNaN(other.logits[i]!)) largest = Infinity;
  }
  const tolerance = files.dtype === 'fp32' ? TOLERANCE.fp32 : TOLERANCE.other;
  if (largest <= tolerance * (high - low)) return undefined;
  return `WebGPU and WASM disagree on this model: logits differ by up to ${largest.toPrecision(2)}.`;
}
