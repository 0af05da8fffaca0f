import * as comlink from 'comlink';
import { StrataError } from '../core/errors';
import type { Labels } from '../core/fact';
import type { ModelApi } from '../core/model-api';
import type { Greeting, WireMethod, WirePart, WireReply, WorkerWire } from '../core/worker-protocol';
import type { ModelApiDeps } from './deps';
import { createModelApi, type InThreadModelApi } from './in-thread-api';
import { holdForLife } from './life-lock';
import { PartSlot } from './part-slot';
import { transferable } from './transferable';

/** The methods and where each takes its CallOptions, after its own arguments. */
const LENGTHS: Readonly<Record<WireMethod, number>> = {
  load: 1,
  tokenize: 1,
  prepare: 1,
  describe: 1,
  trace: 1,
  runProbe: 1,
  release: 0,
  dispose: 0,
};

type AnyMethod = (...args: readonly unknown[]) => Promise<unknown>;
type ProgressProxy = ((progress: unknown) => unknown) & Partial<comlink.ProxyMethods>;

/** The worker's half of the boundary. @param depsFor what a model stands on, given the page's greeting. */
export class Wire implements WorkerWire {
  readonly #depsFor: (greeting: Greeting) => ModelApiDeps;
  #api: InThreadModelApi | undefined;
  readonly #calls = new Map<number, { readonly abort: AbortController; readonly parts: PartSlot<WirePart> }>();

  constructor(depsFor: (greeting: Greeting) => ModelApiDeps) {
    this.#depsFor = depsFor;
  }

  async greet(greeting: Greeting): Promise<boolean> {
    this.#api ??= createModelApi(this.#depsFor(greeting));
    return holdForLife(greeting.lock);
  }

  async call(id: number, method: WireMethod, args: readonly unknown[], proxy?: ProgressProxy): Promise<WireReply> {
    const abort = new AbortController();
    const parts = new PartSlot<WirePart>();
    // Nobody takes a part of what was cancelled.
    abort.signal.addEventListener('abort', () => parts.end());
    this.#calls.set(id, { abort, parts });
    // Progress has its own channel: the answer waits for the last of it, so that the page sees them in order.
    let heard: Promise<unknown> = Promise.resolve();
    let ended = false;
    const onProgress = (progress: unknown) => {
      // Work beside a part that failed may end later; its way to the page is closed by then.
      if (ended) return;
      heard = Promise.resolve(proxy?.(progress)).catch(() => undefined);
    };
    try {
      const api = this.#api;
      if (!api || !Object.hasOwn(LENGTHS, method)) {
        throw new StrataError('invalid-request', `There is no method named ${JSON.stringify(method)}.`);
      }
      const own = args.slice(0, LENGTHS[method]);
      const run = (api as ModelApi)[method] as AnyMethod;
      const onPart = (part: unknown, labels: Labels, kept: ReadonlySet<ArrayBufferLike>) =>
        parts.put(comlink.transfer({ part, labels }, transferable(part, kept)));
      const value = await run.call(api, ...own, { signal: abort.signal, onPart, ...(proxy ? { onProgress } : {}) });
      const reply: WireReply = { ok: true, value };
      return comlink.transfer(reply, transferable(value, api.keptBuffers(value)));
    } catch (cause) {
      return { ok: false, error: StrataError.from(cause).toRecord() };
    } finally {
      parts.end();
      ended = true;
      await heard;
      this.#calls.delete(id);
      proxy?.[comlink.releaseProxy]?.();
    }
  }

  async next(id: number): Promise<WirePart | undefined> {
    return this.#calls.get(id)?.parts.take();
  }

  cancel(id: number): void {
    this.#calls.get(id)?.abort.abort();
  }

  feedText(port: MessagePort): void {
    const source = this.#api?.textSource;
    // The other side closes the port when it has heard.
    if (source) port.postMessage(source);
    else port.close();
  }
}
