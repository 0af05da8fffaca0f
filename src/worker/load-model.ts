import { judgeDifference } from '../core/compare-logits';
import { StrataError, throwIfAborted } from '../core/errors';
import type { Token } from '../core/fact';
import type { LoadRequest } from '../core/model-api';
import type { Backend, LoadNote, ModelFiles, ModelInfo, SelfCheck } from '../core/model';
import type { Engine } from '../engine/engine';
import type { LoadCall, ModelApiDeps } from './deps';
import { CheckMemory, difference, measure, type Compared, type ShortResult, type Verdict } from './self-check';

/** Below this a model runs faster on the CPU than a GPU can be told what to do. */
const SMALL_BYTES = 64 * 2 ** 20;
/** Above this a second session for comparison would cost more memory than it is worth. */
const COMPARABLE_BYTES = 600 * 2 ** 20;

export interface Loaded {
  readonly engine: Engine;
  readonly info: ModelInfo;
  readonly tokenizer?: ModelFiles['tokenizer'];
  /** Tokens described so far, by id: the same few thousand come again with every fact. */
  readonly labels: Map<number, Token>;
}

/**
 * Opens a model on the backend asked for. `auto` takes WASM for small models; for larger ones with a real GPU it
 * runs a short prompt on both and keeps the faster, and falls back to WASM when WebGPU fails. What the comparison
 * found is remembered on the device, so that it is made once for a model and a graphics device.
 */
export async function load(request: LoadRequest, deps: ModelApiDeps, call: LoadCall): Promise<Loaded> {
  const files = await deps.openModel(request, call);
  throwIfAborted(call.signal);
  const opened = await new Opening(files, deps, call).open(request.backend);
  const runtimeBytes = deps.runtimeBytes();
  const fileBytes = bytesIn(files);
  return {
    engine: opened.engine,
    ...(files.tokenizer ? { tokenizer: files.tokenizer } : {}),
    labels: new Map(),
    info: {
      ...opened.engine.info,
      ...(opened.note ? { backendNote: opened.note } : {}),
      ...(opened.selfCheck ? { selfCheck: opened.selfCheck } : {}),
      ...(runtimeBytes === undefined ? {} : { memory: { runtimeBytes, fileBytes } }),
    },
  };
}

function bytesIn({ graph, external }: ModelFiles): number {
  return [graph.bytes, ...external.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
}

interface Opened {
  readonly engine: Engine;
  readonly note?: LoadNote;
  readonly selfCheck?: SelfCheck;
}

type NotCompared = Extract<SelfCheck, { kind: 'not-compared' }>;

/** One load: which backends are tried, in which order, and what is found on the way. */
class Opening {
  readonly #files: ModelFiles;
  readonly #deps: ModelApiDeps;
  readonly #call: LoadCall;
  readonly #memory: CheckMemory;
  readonly #large: boolean;

  constructor(files: ModelFiles, deps: ModelApiDeps, call: LoadCall) {
    this.#files = files;
    this.#deps = deps;
    this.#call = call;
    this.#memory = new CheckMemory(deps.checks, files, deps.shippedChecks);
    this.#large = files.provenance.bytes > COMPARABLE_BYTES;
  }

  async open(choice: LoadRequest['backend']): Promise<Opened> {
    const small = this.#files.provenance.bytes < SMALL_BYTES;
    // Nothing is asked of the graphics device that is of no use to this model.
    if (choice !== 'webgpu' && (small || (choice === 'wasm' && !this.#large))) return this.#wasm(false);
    const { kind, adapter } = await this.#deps.webgpu();
    if (choice === 'webgpu') {
      if (kind !== 'none') return this.#asChosen(adapter);
      throw new StrataError('backend-unavailable', 'This browser offers no WebGPU.', { backend: 'webgpu' });
    }
    if (choice === 'wasm' || kind !== 'hardware') return this.#wasm(kind === 'hardware');
    return this.#large ? this.#quickest(adapter) : this.#fastest(adapter);
  }

  #session(backend: Backend): Promise<Engine> {
    return this.#deps.openEngine(this.#files, backend, this.#call, this.#memory);
  }

  /** @param later WebGPU may be chosen another time, when a large model cannot be held twice: keep a short result. */
  async #wasm(later: boolean): Promise<Opened> {
    const engine = await this.#session('wasm');
    if (!later || !this.#large || (await this.#memory.reference())) return { engine };
    try {
      await this.#memory.keepReference(await measure(engine, this.#call, 1));
    } catch (cause) {
      // The check is an extra: a model that cannot run it says so when it is asked something.
      if (StrataError.from(cause).code === 'cancelled') return this.#dropped(engine, cause);
    }
    return { engine };
  }

  /** WebGPU because a person wants it, whatever the comparison says. */
  async #asChosen(adapter: string): Promise<Opened> {
    const known = await this.#memory.verdict(adapter);
    if (known) return noted(await this.#session('webgpu'), this.#judged(known, 'before'));
    const reference = await this.#reference();
    const engine = await this.#session('webgpu');
    if ('kind' in reference) return noted(engine, reference);
    try {
      return noted(engine, this.#judged(await this.#compare(engine, reference, adapter), 'now'));
    } catch (cause) {
      return this.#dropped(engine, cause);
    }
  }

  /** WebGPU for a large model, as far as it can be trusted, without ever holding two sessions. */
  async #quickest(adapter: string): Promise<Opened> {
    let engine: Engine | undefined;
    let why: StrataError | Compared;
    try {
      engine = await this.#session('webgpu');
      const check = await this.#checked(engine, adapter);
      if (check.kind !== 'different') return noted(engine, check);
      why = check;
    } catch (cause) {
      why = StrataError.from(cause);
    }
    await engine?.dispose();
    return this.#fallBack(why);
  }

  async #fallBack(why: StrataError | Compared): Promise<Opened> {
    if (why instanceof StrataError) this.#unlessCancelled(why);
    return { ...fallenBack(why), engine: await this.#session('wasm') };
  }

  async #checked(engine: Engine, adapter: string): Promise<SelfCheck> {
    const known = await this.#memory.verdict(adapter);
    if (known) return this.#judged(known, 'before');
    const reference = await this.#memory.reference();
    if (!reference) return this.#tooLarge();
    return this.#judged(await this.#compare(engine, reference, adapter), 'now');
  }

  /** Both, and the faster one stays; where that is known from before, it alone. */
  async #fastest(adapter: string): Promise<Opened> {
    const known = await this.#memory.verdict(adapter);
    const before = (await this.#memory.reference())?.milliseconds;
    if (known && before !== undefined)
      return this.#asBefore(this.#judged(known, 'before'), known.milliseconds < before);
    const wasm = await this.#measuredWasm();
    if ('failed' in wasm) return this.#withoutWasm(wasm);
    let webgpu: Engine | undefined;
    try {
      webgpu = await this.#session('webgpu');
      const verdict = await this.#compare(webgpu, wasm.result, adapter);
      const check = this.#judged(verdict, 'now');
      if (check.kind === 'same' && verdict.milliseconds < (wasm.result.milliseconds ?? Infinity)) {
        await wasm.engine.dispose();
        return noted(webgpu, check);
      }
      await webgpu.dispose();
      return { ...(check.kind === 'same' ? { selfCheck: check } : fallenBack(check)), engine: wasm.engine };
    } catch (cause) {
      await webgpu?.dispose();
      if (StrataError.from(cause).code === 'cancelled') return this.#dropped(wasm.engine, cause);
      return { ...fallenBack(StrataError.from(cause)), engine: wasm.engine };
    }
  }

  async #asBefore(check: Compared, webgpuFaster: boolean): Promise<Opened> {
    if (check.kind === 'different') return this.#fallBack(check);
    if (!webgpuFaster) return { selfCheck: check, engine: await this.#session('wasm') };
    try {
      return noted(await this.#session('webgpu'), check);
    } catch (cause) {
      return this.#fallBack(StrataError.from(cause));
    }
  }

  /** A model that WASM cannot run may still run on WebGPU, its numbers unchecked. @throws what WASM said when not. */
  async #withoutWasm({ failed }: { readonly failed: StrataError }): Promise<Opened> {
    try {
      return noted(await this.#session('webgpu'), wasmFailed(failed));
    } catch (cause) {
      this.#unlessCancelled(cause);
      throw failed;
    }
  }

  /** What WebGPU is to be compared with: remembered, or run now; or why there is nothing. */
  async #reference(): Promise<ShortResult | NotCompared> {
    const kept = await this.#memory.reference();
    if (kept) return kept;
    if (this.#large) return this.#tooLarge();
    const wasm = await this.#measuredWasm();
    if ('failed' in wasm) return wasmFailed(wasm.failed);
    await wasm.engine.dispose();
    return wasm.result;
  }

  async #measuredWasm(): Promise<
    { readonly engine: Engine; readonly result: ShortResult } | { readonly failed: StrataError }
  > {
    let engine: Engine | undefined;
    try {
      engine = await this.#session('wasm');
      const result = await measure(engine, this.#call);
      await this.#memory.keepReference(result);
      return { engine, result };
    } catch (cause) {
      await engine?.dispose();
      return { failed: this.#unlessCancelled(cause) };
    }
  }

  async #compare(engine: Engine, reference: ShortResult, adapter: string): Promise<Verdict> {
    const { logits, milliseconds = 0 } = await measure(engine, this.#call);
    const verdict = { difference: difference(reference, Float32Array.from(logits)), milliseconds };
    await this.#memory.keepVerdict(adapter, verdict);
    return verdict;
  }

  #judged(verdict: Verdict, when: 'now' | 'before'): Compared {
    return judgeDifference('device', this.#files.dtype, { difference: verdict.difference, when });
  }

  #tooLarge(): NotCompared {
    return { kind: 'not-compared', reason: 'too-large', bytes: this.#files.provenance.bytes };
  }

  #unlessCancelled(cause: unknown): StrataError {
    const error = StrataError.from(cause);
    if (error.code === 'cancelled') throw error;
    return error;
  }

  async #dropped(engine: Engine, cause: unknown): Promise<never> {
    await engine.dispose();
    throw StrataError.from(cause);
  }
}

function wasmFailed(error: StrataError): NotCompared {
  return { kind: 'not-compared', reason: 'wasm-failed', error: error.toRecord() };
}

/** WebGPU, and what is to be said of its numbers. */
function noted(engine: Engine, selfCheck: SelfCheck): Opened {
  if (selfCheck.kind === 'not-compared') {
    const { reason } = selfCheck;
    const why = reason === 'too-large' ? { bytes: selfCheck.bytes } : { error: selfCheck.error.code };
    return { engine, selfCheck, note: { code: 'not-compared', details: { reason, ...why } } };
  }
  if (selfCheck.kind === 'same') return { engine, selfCheck };
  const details = { difference: selfCheck.difference };
  return { engine, selfCheck, note: { code: 'backend-disagrees', details } };
}

/** WASM in place of WebGPU, and why. */
function fallenBack(why: StrataError | Compared): Omit<Opened, 'engine'> {
  if (why instanceof StrataError) {
    return { note: { code: 'backend-fallback', details: { error: why.code, message: why.message } } };
  }
  return { selfCheck: why, note: { code: 'backend-fallback', details: { difference: why.difference } } };
}
