import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, Token } from '../core/fact';
import type {
  CallOptions,
  LoadProgress,
  LoadRequest,
  ModelApi,
  ProbeCall,
  ProbeRequest,
  ProbeResponse,
} from '../core/model-api';
import type { ModelInfo } from '../core/model';
import type { RunSpec, Trace } from '../core/run';
import { SerialQueue } from '../core/serial-queue';
import { ONE_THREAD, type TextQuestion, type WireMethod } from '../core/worker-protocol';
import { roomForTwo } from './room-for-two';
import { holdUpdates } from './service-worker';
import { spawnTextWorker, spawnWorker } from './spawn';
import { TextClient } from './text-client';
import { WorkerLink, type LinkCall, type LinkOptions } from './worker-link';

/** What happens when the worker had to be replaced; the model is loaded again from storage. */
export type RestartEvent =
  | { readonly state: 'restarting'; readonly reason: StrataError }
  | { readonly state: 'loading'; readonly progress: LoadProgress }
  | { readonly state: 'ready'; readonly info: ModelInfo }
  | { readonly state: 'failed'; readonly error: StrataError };

export interface ModelClientOptions extends Partial<LinkOptions> {
  /** The app's root URL, with a slash at the end, e.g. `new URL('.', document.baseURI).href`. */
  readonly root: string;
  readonly onRestart?: (event: RestartEvent) => void;
  /** Starts the text worker; with a `spawn` of one's own and none of these the model's worker answers about text. */
  readonly spawnText?: () => Worker;
}

/** After these the worker, or the model in it, is of no more use. */
const FATAL = new Set(['worker-lost', 'device-lost', 'out-of-memory', 'deadline']);
/** Of those, the ones where the same work may well succeed in a new worker. */
const REPLAYED = new Set(['worker-lost', 'device-lost']);

const SILENCE_MS = 180_000;
const GRACE_MS = 8_000;

/**
 * A {@link ModelApi} whose model lives in a worker. One call at a time goes to the worker; cancelled ones that
 * still wait never do. A worker that dies, hangs or loses its GPU is replaced: the model is loaded again from
 * storage and the call that was under way is repeated once.
 */
export class ModelClient implements ModelApi {
  #options: ModelClientOptions & LinkOptions;
  readonly #queue = new SerialQueue();
  #link: WorkerLink | undefined;
  readonly #text: TextClient | undefined;
  /** The load whose model the worker has, or should have after a restart. */
  #held: { readonly request: LoadRequest; readonly info: ModelInfo } | undefined;
  #loading: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(options: ModelClientOptions) {
    this.#options = { spawn: spawnWorker, silenceMs: SILENCE_MS, graceMs: GRACE_MS, ...options };
    const spawn = options.spawnText ?? (options.spawn ? undefined : spawnTextWorker);
    this.#text = spawn && new TextClient({ ...this.#options, spawn });
  }

  load(request: LoadRequest, call: CallOptions<LoadProgress> = {}): Promise<ModelInfo> {
    this.#text?.start();
    const work = this.#work(() => this.#replace(request, call), call.signal);
    this.#loading = work.catch(() => undefined);
    return work;
  }

  get holds(): LoadRequest | undefined {
    return this.#held?.request;
  }

  /**
   * A new model gets a new worker, since WASM memory never shrinks. The one before is let go when the new one is there,
   * or, where memory is short for both, when the new one's files have turned out sound.
   */
  async #replace(request: LoadRequest, call: CallOptions<LoadProgress>): Promise<ModelInfo> {
    const before = this.#held;
    const last = this.#link;
    const letGo = () => last?.end(new StrataError('cancelled', 'Another model is loaded.'));
    // A cancelled load may still hold its worker.
    if (before || last?.busy) this.#link = undefined;
    if (!before && last?.busy) letGo();
    if (!before) this.#text?.forget();
    this.#held = undefined;
    try {
      const info = await this.#openBeside(before?.info, letGo, request, call);
      if (before) letGo();
      this.#held = { request, info };
      return info;
    } catch (cause) {
      if (before && last && !last.dead) {
        this.#link?.end(StrataError.from(cause));
        this.#link = last;
        this.#held = before;
      } else if (before) this.#text?.forget();
      throw cause;
    }
  }

  async #openBeside(
    before: ModelInfo | undefined,
    letGo: () => void,
    request: LoadRequest,
    call: CallOptions<LoadProgress>,
  ): Promise<ModelInfo> {
    let bytes = 0;
    const onProgress = (progress: LoadProgress) => {
      if (progress.stage === 'download') bytes = progress.totalBytes;
      const sound = progress.stage === 'prepare' && progress.step === 'session';
      if (sound && before && !roomForTwo(before, bytes)) letGo();
      call.onProgress?.(progress);
    };
    try {
      return await this.#open(request, { ...call, onProgress });
    } catch (cause) {
      // Alone it may fit after all.
      if (!before || StrataError.from(cause).code !== 'out-of-memory') throw cause;
      letGo();
      return this.#open(request, { ...call, onProgress });
    }
  }

  tokenize(text: string): Promise<readonly Token[]> {
    return this.#ask('tokenize', text);
  }

  prepare(fact: Fact): Promise<PreparedFact> {
    return this.#ask('prepare', fact);
  }

  describe(ids: readonly number[]): Promise<readonly Token[]> {
    return this.#ask('describe', ids);
  }

  trace(spec: RunSpec, call: CallOptions = {}): Promise<Trace> {
    return this.#run('trace', [spec], call);
  }

  runProbe<Result, Part = unknown>(
    request: ProbeRequest<Part>,
    call: ProbeCall<Part> = {},
  ): Promise<ProbeResponse<Result>> {
    return this.#run('runProbe', [request], call);
  }

  release(): Promise<void> {
    return this.#run('release', []);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#queue.close();
    const reason = new StrataError('cancelled', 'The model was closed.');
    this.#link?.end(reason);
    this.#text?.dispose(reason);
    await this.#queue.idle();
  }

  /** In turn, and with no update of the app under it. */
  #work<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#queue.run(() => holdUpdates(work), signal);
  }

  /** Questions about text do not wait behind runs, only behind a load. */
  async #ask<T>(method: TextQuestion, argument: unknown): Promise<T> {
    await this.#loading;
    try {
      if (this.#text?.ready) return (await this.#text.ask(method, argument)) as T;
    } catch (cause) {
      // Where no second worker can be had, the model's own answers between two passes.
      if (!FATAL.has(StrataError.from(cause).code)) throw cause;
    }
    return (await this.#replayed(method, [argument], {})) as T;
  }

  #run<T>(method: WireMethod, args: readonly unknown[], call: LinkCall = {}) {
    return this.#work(async () => {
      // What was cancelled before may still hold the worker: sent now, this call could no longer be taken back.
      await this.#link?.free();
      throwIfAborted(call.signal);
      return (await this.#replayed(method, args, call)) as T;
    }, call.signal);
  }

  async #replayed(method: WireMethod, args: readonly unknown[], call: LinkCall) {
    let parts = 0;
    const counted: LinkCall = {
      ...call,
      onPart: (part, labels) => {
        parts++;
        call.onPart?.(part, labels);
      },
    };
    try {
      await this.#revive();
      return await this.#guarded(() => this.#send(method, args, counted));
    } catch (cause) {
      const error = StrataError.from(cause);
      if (!REPLAYED.has(error.code) || this.#disposed || !this.#held) throw error;
      // What was shown already is not made again behind a person's back: they may go on from there.
      if (parts > 0) throw new StrataError(error.code, error.message, { ...error.details, parts }, { cause });
      await this.#revive(error);
      return this.#guarded(() => this.#send(method, args, counted));
    }
  }

  /** A model that was loaded and whose worker is gone is loaded again; several callers share one attempt. */
  #revive(reason = new StrataError('worker-lost', 'The worker had ended.')): Promise<void> {
    const request = this.#held?.request;
    if (!request || (this.#link && !this.#link.dead)) return Promise.resolve();
    this.#reviving ??= this.#reload(request, reason).finally(() => (this.#reviving = undefined));
    return this.#reviving;
  }
  #reviving: Promise<void> | undefined;

  async #reload(request: LoadRequest, reason: StrataError): Promise<void> {
    const tell = this.#options.onRestart ?? (() => undefined);
    tell({ state: 'restarting', reason });
    try {
      const onProgress = (progress: LoadProgress) => tell({ state: 'loading', progress });
      tell({ state: 'ready', info: await this.#open(request, { onProgress }) });
    } catch (cause) {
      const error = StrataError.from(cause);
      tell({ state: 'failed', error });
      throw error;
    }
  }

  /** Loads, once more with one thread in a new worker where threads do not start. */
  async #open(request: LoadRequest, call: CallOptions<LoadProgress>): Promise<ModelInfo> {
    const attempt = async () => {
      const info = (await this.#guarded(() => this.#send('load', [request], call))) as ModelInfo;
      if (this.#link) this.#text?.follow(this.#link);
      return info;
    };
    try {
      return await attempt();
    } catch (cause) {
      const error = StrataError.from(cause);
      if (error.details['retry'] !== ONE_THREAD || this.#options.maxThreads === 1) throw error;
      this.#options = { ...this.#options, maxThreads: 1 };
      this.#link?.end(error);
      return attempt();
    }
  }

  /** Ends the worker after an error it cannot recover from. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const error = StrataError.from(cause);
      if (FATAL.has(error.code)) this.#link?.end(error);
      throw error;
    }
  }

  #send(method: WireMethod, args: readonly unknown[], { signal, onProgress, onPart }: LinkCall) {
    if (this.#disposed) throw new StrataError('cancelled', 'The model was closed.');
    if (!this.#link || this.#link.dead) this.#link = new WorkerLink(this.#options);
    return this.#link.call(method, args, { signal, onProgress, onPart });
  }
}
