import type { Backend } from '../core/model';
import { createEngine } from '../engine/create';
import { openModel } from '../models/open-model';
import { Meter } from '../models/progress';
import { openRuntime, type Runtime } from '../models/runtime';
import { openStore } from '../models/storage';
import type { LoadCall, ModelApiDeps } from './deps';
import { pause } from './pause';
import { findProbes } from './probes';
import { webGpuSupport } from './webgpu';

/** More threads than this gain nothing at the sizes a tab can hold. */
const MAX_THREADS = 4;

/** Threads need shared memory, which needs cross-origin isolation. */
function threads(): number {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency)) : 1;
}

/** @param root the app's root URL: bundled models and the runtime lie below it. */
export function createBrowserDeps(root: URL): ModelApiDeps {
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
    pause,
    webgpu: webGpuSupport,

    async openModel(request, call) {
      const meter = new Meter(call.onProgress);
      const { hubToken } = request;
      const options = { root, store: await store, meter, onProgress: call.onProgress, hubToken };
      const [files] = await Promise.all([
        openModel(request.source, call.signal ? { ...options, signal: call.signal } : options),
        runtime(request.backend === 'webgpu' ? 'webgpu' : 'wasm', call, meter),
      ]);
      return files;
    },

    async openEngine(files, backend, call) {
      const { wasmPaths, wasmBinary } = await runtime(backend, call, new Meter(call.onProgress));
      return createEngine(files, {
        backend,
        wasmPaths,
        wasmBinary,
        threads: threads(),
        onStep: (step) => call.onProgress({ stage: 'prepare', step }),
        ...(call.signal ? { signal: call.signal } : {}),
      });
    },
  };
}
