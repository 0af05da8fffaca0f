import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, Token } from '../core/fact';
import type {
  CallOptions,
  GeneratedToken,
  GenerateRequest,
  GenerateResponse,
  LoadProgress,
  LoadRequest,
  ModelApi,
  ProbeRequest,
  ProbeResponse,
  RunProgress,
} from '../core/model-api';
import type { ModelInfo } from '../core/model';
import type { RunSpec, Trace } from '../core/run';
import { SerialQueue } from '../core/serial-queue';
import type { TextSource } from '../core/worker-protocol';
import type { ModelApiDeps } from './deps';
import { generate } from './generate';
import { load, type Loaded } from './load-model';
import { runProbe, type ProbeHost } from './run-probe';
import { checkText, TEXT_QUESTIONS } from './text-questions';
import { TraceCache } from './trace-cache';
import { transferable } from './transferable';

/** The model in this thread. Everything slow goes through one queue; questions about text do not wait for runs. */
class InThreadModelApi implements ModelApi {
  readonly #deps: ModelApiDeps;
  readonly #queue = new SerialQueue();
  readonly #traces = new TraceCache();
  /** Answers about the model itself (no fact), by probe and options. */
  readonly #aboutModel = new Map<string, ProbeResponse>();
  /** Ends when the load asked for last has ended, well or badly. */
  #loading: Promise<unknown> = Promise.resolve();
  #loaded: Loaded | undefined;
  /** Per answer: the buffers in it that stay in use here. */
  readonly #kept = new WeakMap<object, ReadonlySet<ArrayBufferLike>>();

  constructor(deps: ModelApiDeps) {
    this.#deps = deps;
  }

  load(request: LoadRequest, call: CallOptions<LoadProgress> = {}): Promise<ModelInfo> {
    const { signal } = call;
    const work = this.#queue.run(async () => {
      await this.#unload();
      const onProgress = call.onProgress ?? (() => undefined);
      const loaded = await load(request, this.#deps, { onProgress, ...(signal ? { signal } : {}) });
      if (signal?.aborted) {
        await loaded.engine.dispose();
        throwIfAborted(signal);
      }
      this.#loaded = loaded;
      return loaded.info;
    }, signal);
    this.#loading = work.catch(() => undefined);
    return typed(work);
  }

  tokenize(text: string): Promise<readonly Token[]> {
    return this.#ask(({ engine }) => TEXT_QUESTIONS.tokenize(engine, text));
  }

  prepare(fact: Fact): Promise<PreparedFact> {
    return this.#ask(() => this.#prepare(fact));
  }

  describe(ids: readonly number[]): Promise<readonly Token[]> {
    return this.#ask(({ engine }) => TEXT_QUESTIONS.describe(engine, ids));
  }

  trace(spec: RunSpec, call: CallOptions = {}): Promise<Trace> {
    const work = async () => {
      const trace = await this.#trace(spec, call.signal);
      const captures = new Map(spec.captures.map((hook) => [hook, trace.captures.get(hook)!]));
      const { lens: _, ...rest } = trace;
      const answer = { ...rest, spec, captures, ...(spec.lens && trace.lens ? { lens: trace.lens } : {}) };
      this.#keep(answer, [trace]);
      return answer;
    };
    return typed(this.#queue.run(work, call.signal));
  }

  runProbe<Result>(request: ProbeRequest, call: CallOptions<RunProgress> = {}): Promise<ProbeResponse<Result>> {
    const work = async (): Promise<ProbeResponse> => {
      const loaded = this.#model();
      const probe = this.#deps.probes.get(request.probe);
      if (!probe) {
        const message = `There is no probe named ${JSON.stringify(request.probe)}.`;
        throw new StrataError('invalid-request', message, { probe: String(request.probe) });
      }
      const key = request.fact ? undefined : JSON.stringify([request.probe, request.options ?? null]);
      const known = key === undefined ? undefined : this.#aboutModel.get(key);
      if (known) return known;
      const host: ProbeHost = {
        loaded,
        prepare: (fact) => this.#prepare(fact),
        trace: (spec, signal, onLens) => this.#trace(spec, signal, onLens),
      };
      const { response, traces } = await runProbe(probe, request, host, call);
      this.#keep(response, traces);
      if (key !== undefined) {
        this.#aboutModel.set(key, response);
        this.#kept.set(response, new Set(transferable(response, new Set())));
      }
      return response;
    };
    return typed(this.#queue.run(work, call.signal)) as Promise<ProbeResponse<Result>>;
  }

  generate(request: GenerateRequest, call: CallOptions<GeneratedToken> = {}): Promise<GenerateResponse> {
    const work = async () => {
      const { engine } = this.#model();
      if (request.prompt.length === 0) throw new StrataError('empty-prompt', 'There is no prompt to continue.');
      checkText(request.prompt, 'prompt');
      return generate(engine, request, this.#deps.pause, call.signal, call.onProgress);
    };
    return typed(this.#queue.run(work, call.signal));
  }

  release(): Promise<void> {
    const work = async () => {
      this.#traces.clear();
      this.#aboutModel.clear();
      await this.#loaded?.engine.release();
    };
    return typed(this.#queue.run(work));
  }

  async dispose(): Promise<void> {
    this.#queue.close();
    await this.#queue.idle();
    await this.#unload();
  }

  /** What a text worker needs to answer for the loaded model. */
  get textSource(): TextSource | undefined {
    if (!this.#loaded) return undefined;
    const { tokenizer, info } = this.#loaded;
    return { ...(tokenizer ? { tokenizer } : {}), d_vocab: info.dims.d_vocab, limit: info.limits.tokens };
  }

  /** Buffers an answer shares with what is cached here: these must be copied, not moved, to another thread. */
  keptBuffers(answer: unknown): ReadonlySet<ArrayBufferLike> {
    return (typeof answer === 'object' && answer !== null && this.#kept.get(answer)) || new Set();
  }

  #keep(answer: object, traces: readonly Trace[]): void {
    const kept = new Set<ArrayBufferLike>();
    for (const { captures, lens } of traces) {
      for (const { data } of captures.values()) kept.add(data.buffer);
      if (lens) for (const value of Object.values(lens)) if (ArrayBuffer.isView(value)) kept.add(value.buffer);
    }
    this.#kept.set(answer, kept);
  }

  async #ask<T>(question: (loaded: Loaded) => T): Promise<T> {
    await this.#loading;
    try {
      return question(this.#model());
    } catch (cause) {
      throw StrataError.from(cause);
    }
  }

  #model(): Loaded {
    if (!this.#loaded) throw new StrataError('invalid-request', 'No model is loaded.', { reason: 'no-model' });
    return this.#loaded;
  }

  #prepare(fact: Fact): PreparedFact {
    return TEXT_QUESTIONS.prepare(this.#model().engine, fact);
  }

  async #trace(
    spec: RunSpec,
    signal: AbortSignal | undefined,
    onLensProgress?: (done: number, total: number) => void,
  ): Promise<Trace> {
    const known = this.#traces.get(spec);
    if (known) return known;
    await this.#deps.pause();
    throwIfAborted(signal);
    const options = { ...(signal ? { signal } : {}), ...(onLensProgress ? { onLensProgress } : {}) };
    const trace = await this.#model().engine.trace(spec, options);
    this.#traces.put(trace);
    return trace;
  }

  async #unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    this.#traces.clear();
    this.#aboutModel.clear();
    await loaded?.engine.dispose();
  }
}

/** Whatever is thrown leaves as a StrataError. */
async function typed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw StrataError.from(cause);
  }
}

export type { InThreadModelApi };

/** A {@link ModelApi} in this thread, for Node, tests and the worker's own use. */
export function createModelApi(deps: ModelApiDeps): InThreadModelApi {
  return new InThreadModelApi(deps);
}
