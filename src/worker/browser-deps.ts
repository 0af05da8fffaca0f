import { StrataError } from '../core/errors';
import type { Backend } from '../core/model';
import { ONE_THREAD, type Greeting } from '../core/worker-protocol';
import { breathe } from '../core/breathe';
import { createEngine } from '../engine/create-engine';
import { heapBytes, watchHeaps } from '../engine/session/heaps';
import { openModel } from '../models/open-model';
import { Meter } from '../models/progress';
import { openRuntime, type Runtime } from '../models/open-runtime';
import { openStore, readJson, writeJson } from '../models/storage';
import type { LoadCall, ModelApiDeps, ShippedChecks } from './deps';
import { findProbes } from './probes';
import { webGpuSupport } from './webgpu';

/** Another version of the runtime may compute otherwise. */
const CHECKS = `checks/${__STRATA_RUNTIME__}/`;

/** More threads than this gain nothing at the sizes a tab can hold. */
const MAX_THREADS = 4;

/** Threads need shared memory, which needs cross-origin isolation. */
function threadsFor({ maxThreads = MAX_THREADS }: Greeting): number {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(maxThreads, navigator.hardwareConcurrency)) : 1;
}

/**
 * A thread script that is refused (a host that sends half of the isolation headers) gives no error, only silence
 * until ONNX Runtime's own timeout; after it this worker cannot start WASM again.
 */
function withoutThreads(cause: unknown, threads: number): StrataError {
  const error = StrataError.from(cause);
  if (threads === 1 || !/initializing failed due to timeout/i.test(error.message)) return error;
  return new StrataError('session-failed', error.message, { threads, retry: ONE_THREAD }, { cause });
}

/** The engine on ONNX Runtime's own files below the app's root, models from the bundle, the hub or disk. */
export function createBrowserDeps(greeting: Greeting, shippedChecks: ShippedChecks = {}): ModelApiDeps {
  watchHeaps();
  const root = new URL(greeting.root);
  const threads = threadsFor(greeting);
  const store = openStore();
  const runtimes = new Map<Backend, Promise<Runtime>>();

  async function runtime(backend: Backend, call: LoadCall, meter: Meter): Promise<Runtime> {
    const known = runtimes.get(backend);
    if (known) return known;
    const signal = call.signal ? { signal: call.signal } : {};
    const opening = openRuntime(backend, root, { store: await store, meter, ...signal });
    runtimes.set(backend, opening);
    // A failed or cancelled download is tried again by the next load.
    opening.catch(() => runtimes.delete(backend));
    return opening;
  }

  return {
    probes: findProbes(),
    pause: breathe,
    webgpu: webGpuSupport,
    runtimeBytes: heapBytes,
    shippedChecks,
    checks: {
      read: async (key) => readJson(await store, CHECKS + key),
      write: async (key, value) => writeJson(await store, CHECKS + key, value),
    },

    async openModel(request, call) {
      const meter = new Meter(call.onProgress);
      const { hubToken } = request;
      const options = { root, store: await store, meter, onProgress: call.onProgress, hubToken };
      // When one of them fails the other is stopped, and waited for: nothing of this load is left for the next one.
      const failed = new AbortController();
      const signal = call.signal ? AbortSignal.any([call.signal, failed.signal]) : failed.signal;
      let why: unknown;
      const stop = (cause: unknown): void => {
        why ??= cause;
        failed.abort();
      };
      const opening = openModel(request.source, { ...options, signal });
      const backend = request.backend === 'webgpu' ? 'webgpu' : 'wasm';
      const engine = runtime(backend, { ...call, signal }, meter);
      opening.catch(stop);
      engine.catch(stop);
      const [files] = await Promise.allSettled([opening, engine]);
      if (files.status === 'fulfilled' && !failed.signal.aborted) return files.value;
      throw why;
    },

    async openEngine(files, backend, call, kept) {
      const { wasmPaths, wasmBinary } = await runtime(backend, call, new Meter(call.onProgress));
      try {
        return await createEngine(files, {
          backend,
          wasmPaths,
          wasmBinary,
          threads,
          kept,
          onStep: (step) => call.onProgress({ stage: 'prepare', step }),
          ...(call.signal ? { signal: call.signal } : {}),
        });
      } catch (cause) {
        throw withoutThreads(cause, threads);
      }
    },
  };
}
