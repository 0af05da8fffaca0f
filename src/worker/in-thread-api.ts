import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, Token } from '../core/fact';
import type { CallOptions, LoadProgress, LoadRequest, ModelApi, ProbeRequest, ProbeResponse } from '../core/model-api';
import type { ModelInfo } from '../core/model';
import type { RunSpec, Trace } from '../core/run';
import { SerialQueue } from '../core/serial-queue';
import type { TextSource } from '../core/worker-protocol';
import type { ModelApiDeps } from './deps';
import { load, type Loaded } from './load-model';
import { WorkerLab, type LabHost } from './lab';
import { runProbe, type RunCall } from './run-probe';
import { TEXT_QUESTIONS } from './text-questions';
import { TraceCache } from './trace-cache';
import { buffersOf, transferable } from './transferable';

/** Facts in tokens that are kept: a round asks for one and the subjects it is held against. */
const MOST_PREPARED = 64;

/** The model in this thread. Everything slow goes through one queue; questions about text do not wait for runs. */
class InThreadModelApi implements ModelApi {
  readonly #deps: ModelApiDeps;
  readonly #queue = new SerialQueue();
  readonly #traces = new TraceCache();
  readonly #prepared = new Map<string, PreparedFact>();
  /** Answers about the model itself (no fact), by probe and options. */
  readonly #aboutModel = new Map<string, ProbeResponse>();
  /** Ends when the load asked for last has ended, well or badly. */
  #loading: Promise<unknown> = Promise.resolve();
  #loaded: Loaded | undefined;
  #request: LoadRequest | undefined;
  /** Per answer: the buffers in it that stay in use here. */
  readonly #kept = new WeakMap<object, ReadonlySet<ArrayBufferLike>>();

  constructor(deps: ModelApiDeps) {
    this.#deps = deps;
  }

  load(request: LoadRequest, call: CallOptions<LoadProgress> = {}): Promise<ModelInfo> {
    const { signal } = call;
    const work = this.#queue.run(async () => {
      const onProgress = call.onProgress ?? (() => undefined);
      const loaded = await load(request, this.#deps, { onProgress, ...(signal ? { signal } : {}) });
      if (signal?.aborted) {
        await loaded.engine.dispose();
        throwIfAborted(signal);
      }
      await this.#unload();
      this.#loaded = loaded;
      this.#request = request;
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
      const lab = new WorkerLab(this.#host, call.signal ?? new AbortController().signal);
      const trace = await lab.run(spec);
      const captures = new Map(spec.captures.map((hook) => [hook, trace.captures.get(hook)!]));
      const { lens: _, ...rest } = trace;
      const answer = { ...rest, spec, captures, ...(spec.lens && trace.lens ? { lens: trace.lens } : {}) };
      this.#kept.set(answer, buffersOf([trace]));
      return answer;
    };
    return typed(this.#queue.run(work, call.signal));
  }

  runProbe<Result, Part = unknown>(
    request: ProbeRequest<Part>,
    call: RunCall<Part> = {},
  ): Promise<ProbeResponse<Result>> {
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
      const { response, traces } = await runProbe(probe, request, { ...this.#host, loaded }, call as RunCall);
      this.#kept.set(response, buffersOf(traces));
      if (key !== undefined) {
        this.#aboutModel.set(key, response);
        this.#kept.set(response, new Set(transferable(response, new Set())));
      }
      return response;
    };
    return typed(this.#queue.run(work, call.signal)) as Promise<ProbeResponse<Result>>;
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

  get holds(): LoadRequest | undefined {
    return this.#request;
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

  /** A fact is put into tokens once, however many probes ask about it. */
  #prepare(fact: Fact): PreparedFact {
    const key = JSON.stringify(fact);
    const known = this.#prepared.get(key);
    if (known) return known;
    const prepared = TEXT_QUESTIONS.prepare(this.#model().engine, fact);
    if (this.#prepared.size >= MOST_PREPARED) this.#prepared.clear();
    this.#prepared.set(key, prepared);
    return prepared;
  }

  get #host(): LabHost {
    return {
      engine: this.#model().engine,
      traces: this.#traces,
      prepare: (fact) => this.#prepare(fact),
      pause: () => this.#deps.pause(),
    };
  }

  async #unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    this.#request = undefined;
    this.#traces.clear();
    this.#aboutModel.clear();
    this.#prepared.clear();
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
