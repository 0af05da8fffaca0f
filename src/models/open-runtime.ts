import { StrataError } from '../core/errors';
import type { Backend } from '../core/model';
import { appFileKey } from '../core/stored-file';
import { downloadAll, type SourceOptions } from './download-all';
import { appFileRequest, fetchManifest } from './manifest';
import type { FileStore } from './storage';

/** ONNX Runtime's files, to be set as `env.wasm.wasmPaths` and `env.wasm.wasmBinary` before the first session. */
export interface Runtime {
  /** URL of the folder with the `.mjs` files; these are part of the app's shell. */
  readonly wasmPaths: string;
  /** The build for the backend, fetched, checked and kept by us. */
  readonly wasmBinary: Uint8Array<ArrayBuffer>;
}

const BUILDS: Readonly<Record<Backend, string>> = {
  wasm: 'ort-wasm-simd-threaded.wasm',
  webgpu: 'ort-wasm-simd-threaded.asyncify.wasm',
};

/**
 * Fetches the build of ONNX Runtime that a backend needs. The one with WebGPU is twice as large and also serves the
 * CPU, but is fetched only when WebGPU is chosen.
 * @param root The app's root URL.
 */
export async function openRuntime(backend: Backend, root: URL, options: SourceOptions): Promise<Runtime> {
  const folder = __STRATA_RUNTIME__;
  const name = BUILDS[backend];
  const entries = await fetchManifest(new URL(folder, root), options);
  const entry = entries.find(({ path }) => path === name);
  if (!entry) throw new StrataError('missing-file', `${name} is missing from the runtime.`, { file: name });
  const request = appFileRequest(root, folder, entry);
  const isNew = (await options.store.record(request.key)) === undefined;
  const bytes = await downloadAll([request], options);
  if (isNew) await forgetOlder(options.store, folder);
  const wasmBinary = bytes.get(name);
  if (!wasmBinary) throw new StrataError('missing-file', `${name} is missing.`, { file: name });
  return { wasmPaths: new URL(folder, root).href, wasmBinary };
}

/** Deletes what earlier versions of the app used. A tab that still runs one has it in memory. */
async function forgetOlder(store: FileStore, folder: string): Promise<void> {
  for (const { key } of await store.list()) {
    if (key.startsWith(appFileKey('runtime/')) && !key.startsWith(appFileKey(folder))) await store.delete(key);
  }
}
