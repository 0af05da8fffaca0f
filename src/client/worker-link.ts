import * as comlink from 'comlink';
import { OVERTAKEN, StrataError, throwIfAborted } from '../core/errors';
import type { Labels } from '../core/fact';
import { lockManager } from '../core/locks';
import { saysNoMemory } from '../core/memory-words';
import type { TextMethod, WireMethod, WireReply, WorkerWire } from '../core/worker-protocol';

export interface LinkOptions {
  readonly spawn: () => Worker;
  /** The app's root URL, with a slash at the end. */
  readonly root: string;
  /** At most this many WASM threads. */
  readonly maxThreads?: number | undefined;
  /** A call without answer or progress for this long means the worker hangs. */
  readonly silenceMs: number;
  /**
   * A call that a person stopped must let go within this time, or the worker is ended. One that newer work overtook may
   * take as long as its pass does: nothing ends a worker because somebody typed.
   */
  readonly graceMs: number;
}

export interface LinkCall {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: never) => void) | undefined;
  /** Takes the parts of a probe, one after the other; the worker makes the next one only then. */
  readonly onPart?: ((part: never, labels: Labels) => void) | undefined;
}

let calls = 0;
let links = 0;

/** One live worker. When it dies, by whatever cause, every call under way rejects and the link is of no more use. */
export class WorkerLink {
  readonly #options: LinkOptions;
  readonly #worker: Worker;
  readonly #wire: comlink.Remote<WorkerWire>;
  readonly #dead = new AbortController();
  readonly #ready: Promise<void>;
  /** Calls the worker has not answered yet; a cancelled one stays until it has really let go. */
  readonly #open = new Set<Promise<unknown>>();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#worker = options.spawn();
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const { message } = event;
      // The runtime's own threads end the worker when no memory is left: asking a new one the same would be in vain.
      const code = saysNoMemory(message) ? 'out-of-memory' : 'worker-lost';
      this.end(new StrataError(code, message || 'The worker could not be started.'));
    });
    this.#wire = comlink.wrap<WorkerWire>(this.#worker);
    this.#ready = this.#greet();
    this.#ready.catch(() => undefined);
  }

  /** Fires when the worker has ended, with the reason. */
  get death(): AbortSignal {
    return this.#dead.signal;
  }

  get dead(): boolean {
    return this.#dead.signal.aborted;
  }

  /** True while the worker has not answered every call, cancelled ones too. */
  get busy(): boolean {
    return this.#open.size > 0;
  }

  /** Resolves when no call holds the worker any more, dead or alive. */
  async free(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  /** Kills the worker; calls under way reject with `reason`. */
  end(reason: StrataError): void {
    if (this.dead) return;
    this.#dead.abort(reason);
    this.#worker.terminate();
  }

  /** @throws StrataError from the worker, `cancelled`, `deadline` after too long a silence, or `worker-lost`. */
  async call(method: WireMethod | TextMethod, args: readonly unknown[], call: LinkCall): Promise<unknown> {
    await this.#orDeath(this.#ready);
    throwIfAborted(call.signal);
    const id = ++calls;
    const watch = this.#watchSilence();
    const onProgress = (progress: unknown) => {
      watch.alive();
      if (!call.signal?.aborted) call.onProgress?.(progress as never);
    };
    const reply = this.#orDeath<WireReply>(this.#wire.call(id, method as WireMethod, args, comlink.proxy(onProgress)));
    this.#open.add(reply);
    const close = () => {
      this.#open.delete(reply);
      watch.stop();
    };
    reply.then(close, close);
    if (method === 'runProbe') void this.#takeParts(id, call, watch.alive);
    const aborted = this.#onAbort(call, id, reply);
    try {
      const answer = await Promise.race([reply, aborted.rejection]);
      if (!answer.ok) throw StrataError.fromRecord(answer.error);
      return answer.value;
    } finally {
      aborted.forget();
    }
  }

  /** Until there are no more, or the worker is dead, which the call itself tells of. */
  async #takeParts(id: number, { signal, onPart }: LinkCall, alive: () => void): Promise<void> {
    try {
      for (;;) {
        const next = await this.#orDeath(this.#wire.next(id));
        if (!next || signal?.aborted) return;
        alive();
        onPart?.(next.part as never, next.labels);
      }
    } catch {
      return;
    }
  }

  /** Has the model's worker say to a text worker, by the port, what text is to it. */
  feedText(port: MessagePort): void {
    if (!this.dead) this.#wire.feedText(comlink.transfer(port, [port])).catch(() => undefined);
  }

  async #greet(): Promise<void> {
    const lock = `strata-worker-${performance.timeOrigin}-${++links}-${Math.random().toString(36).slice(2)}`;
    const { root, maxThreads } = this.#options;
    const held = await this.#orDeath(
      this.#wire.greet({ lock, root, ...(maxThreads === undefined ? {} : { maxThreads }) }),
    );
    const locks = held ? lockManager() : undefined;
    // Granted only when the worker lets go, which it does only by dying.
    const dies = locks?.request(lock, { signal: this.#dead.signal }, () => {
      this.end(new StrataError('worker-lost', 'The worker ended unexpectedly.'));
    });
    dies?.catch(() => undefined);
  }

  /** The promise, or the reason of this link's death if that comes first. */
  #orDeath<T>(promise: PromiseLike<T>): Promise<T> {
    const { signal } = this.#dead;
    return new Promise((resolve, reject) => {
      const die = () => reject(signal.reason as StrataError);
      if (signal.aborted) return die();
      signal.addEventListener('abort', die, { once: true });
      Promise.resolve(promise)
        .then(resolve, (cause: unknown) => reject(StrataError.from(cause)))
        .finally(() => signal.removeEventListener('abort', die));
    });
  }

  #onAbort(call: LinkCall, id: number, reply: Promise<unknown>) {
    const { signal } = call;
    let listener: (() => void) | undefined;
    const rejection = new Promise<never>((_, reject) => {
      listener = () => {
        void this.#wire.cancel(id);
        const hang = () => this.end(new StrataError('worker-lost', 'The worker did not let go of cancelled work.'));
        if (signal?.reason !== OVERTAKEN) {
          const timer = setTimeout(hang, this.#options.graceMs);
          const forget = () => clearTimeout(timer);
          reply.then(forget, forget);
        }
        reject(new StrataError('cancelled', 'The work was cancelled.'));
      };
      signal?.addEventListener('abort', listener, { once: true });
    });
    return { rejection, forget: () => listener && signal?.removeEventListener('abort', listener) };
  }

  /** Ends the worker after two silences in a row, so that a computer waking from sleep is not taken for a hang. */
  #watchSilence() {
    const { silenceMs } = this.#options;
    const seconds = Math.round(silenceMs / 1000);
    const hang = () => this.end(new StrataError('deadline', `No sign of life for ${seconds} seconds.`, { seconds }));
    let timer: ReturnType<typeof setTimeout>;
    let stopped = false;
    const alive = () => {
      clearTimeout(timer);
      // Progress has its own channel and may come in after the answer.
      if (stopped) return;
      timer = setTimeout(() => (timer = setTimeout(hang, silenceMs / 2)), silenceMs / 2);
    };
    alive();
    const stop = () => {
      stopped = true;
      clearTimeout(timer);
    };
    return { alive, stop };
  }
}
