import type {
  InferenceSession,
  Env,
  Tensor as OrtTensor,
  TensorConstructor,
  InferenceSessionFactory,
} from 'onnxruntime-web';
import { StrataError } from '../../core/errors';
import { saysDeviceLost } from '../../core/device-words';
import type { Backend } from '../../core/model';
import { plainName, plainText } from '../../core/plain-text';
import { saysNoMemory } from '../../core/memory-words';
import { SOURCE_LOCATION, type Header } from '../../onnx/emit';
import { unsupported } from '../../onnx/unsupported';

/** The part of onnxruntime-web that is used; both builds offer it. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}

/** Where ONNX Runtime's own files are; injected, because page, worker and Node keep them in different places. */
export interface RuntimeOptions {
  /**
   * Folder (URL ending in `/`) that holds ONNX Runtime's `.mjs` and `.wasm` files. Absent: next to the package,
   * which works in Node only.
   */
  readonly wasmPaths?: string;
  /** The `.wasm` file's bytes, when the caller has fetched them itself. */
  readonly wasmBinary?: Uint8Array<ArrayBuffer>;
  /** Brings another build of onnxruntime-web; Node's own is the only one with threads there. */
  readonly importRuntime?: () => Promise<Runtime>;
  /** WASM threads; more than 1 needs cross-origin isolation. Default 1. */
  readonly threads?: number;
}

export type { InferenceSession, OrtTensor };

type OrtTensorMap = Awaited<ReturnType<InferenceSession['run']>>;

/**
 * Milliseconds ONNX Runtime may take to compile itself and start its threads before it is an error instead of silence.
 * Long, since a busy old laptop needs many of them; what is known to stop threads is asked for before.
 */
const INIT_TIMEOUT = 30_000;

/** The script that every thread of a build runs, below `wasmPaths`. */
const THREAD_SCRIPT: Readonly<Record<Backend, string>> = {
  wasm: 'ort-wasm-simd-threaded.mjs',
  webgpu: 'ort-wasm-simd-threaded.asyncify.mjs',
};

/** Imports the build that holds the backend: the plain CPU one unless WebGPU was chosen. */
export async function loadRuntime(backend: Backend, options: RuntimeOptions): Promise<Runtime> {
  const runtime = await (options.importRuntime?.() ?? importBuild(backend));
  const { wasm } = runtime.env;
  wasm.numThreads = await threadsAllowed(backend, options);
  wasm.initTimeout = INIT_TIMEOUT;
  wasm.proxy = false;
  if (options.wasmPaths !== undefined) wasm.wasmPaths = options.wasmPaths;
  if (options.wasmBinary) wasm.wasmBinary = options.wasmBinary;
  runtime.env.logLevel = 'error';
  return runtime;
}

/**
 * The threads asked for, or one where the host does not let the page have more: an isolated page's worker loads the
 * thread script only with this header, and without it nothing happens, not even an error.
 */
async function threadsAllowed(backend: Backend, { threads = 1, wasmPaths }: RuntimeOptions): Promise<number> {
  if (threads === 1 || wasmPaths === undefined) return threads;
  try {
    const response = await fetch(new URL(THREAD_SCRIPT[backend], wasmPaths));
    await response.body?.cancel();
    return response.headers.has('cross-origin-embedder-policy') ? threads : 1;
  } catch {
    // Nothing is known then; the runtime's own timeout decides.
    return threads;
  }
}

function importBuild(backend: Backend): Promise<Runtime> {
  return backend === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm');
}

interface Gpu {
  requestAdapter(): Promise<{ readonly features: ReadonlySet<string> } | null>;
}

/** True where the backend computes in half precision; the CPU does not, and many graphics devices do not either. */
export async function computesInHalf(backend: Backend): Promise<boolean> {
  if (backend !== 'webgpu') return false;
  // Node 20 has no navigator at all.
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: Gpu } };
  const adapter = await navigator?.gpu?.requestAdapter();
  return adapter?.features.has('shader-f16') ?? false;
}

/** What a header points into. */
export interface WeightFiles {
  readonly source: Uint8Array;
  readonly external: ReadonlyMap<string, Uint8Array>;
}

/** Nothing is rearranged and no weight laid out anew: what that costs is more than one short run. */
const AS_IT_IS: InferenceSession.SessionOptions = {
  graphOptimizationLevel: 'disabled',
  extra: { session: { disable_prepacking: '1' } },
};

/**
 * Creates a session from a header whose large tensors lie in the given files.
 * @param use A session for one run is made as quickly as possible, and is slow.
 * @throws StrataError `session-failed`, `out-of-memory`, `backend-unavailable`, `missing-file`.
 */
export async function createSession(
  runtime: Runtime,
  backend: Backend,
  header: Header,
  files: WeightFiles,
  use: 'many-runs' | 'one-run' = 'many-runs',
): Promise<InferenceSession> {
  const externalData = [...header.locations].map((path) => {
    const data = files.external.get(path);
    if (data) return { path, data };
    throw new StrataError('missing-file', `The model needs the file ${plainName(path)}.`, { file: plainName(path) });
  });
  if (header.usesSource) externalData.push({ path: SOURCE_LOCATION, data: files.source });
  try {
    const session = await runtime.InferenceSession.create(header.bytes, {
      executionProviders: [backend],
      externalData,
      ...(use === 'one-run' ? AS_IT_IS : { graphOptimizationLevel: 'all' }),
      logSeverityLevel: 3,
    });
    if (backend === 'webgpu') await endRunsWithDevice(session, runtime);
    return session;
  } catch (cause) {
    throw sessionError(cause, 'session-failed');
  }
}

interface GpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
}

/** Rejects the session's runs with `device-lost` when its device goes away; by itself a run may then never settle. */
async function endRunsWithDevice(session: InferenceSession, runtime: Runtime): Promise<void> {
  const device = (await runtime.env.webgpu?.device) as unknown as GpuDevice | undefined;
  if (!device) return;
  let lost: StrataError | undefined;
  const pending = new Set<(reason: StrataError) => void>();
  void device.lost.then(({ message }) => {
    lost = new StrataError('device-lost', `The graphics device was lost: ${plainText(message)}`);
    for (const reject of pending) reject(lost);
  });
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<OrtTensorMap>;
  session.run = (...args: unknown[]) =>
    new Promise<OrtTensorMap>((resolve, reject) => {
      if (lost) return reject(lost);
      pending.add(reject);
      const done = () => pending.delete(reject);
      run(...args)
        .then(resolve, reject)
        .then(done, done);
    });
}

/** Gives ONNX Runtime's messages a code; their own words, which may hold names from the file, are made plain and short. */
export function sessionError(cause: unknown, code: 'session-failed' | 'run-failed'): StrataError {
  if (cause instanceof StrataError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const message = plainText(words);
  const [, attribute, operator] = /Unrecognized attribute: (\S+) for operator (\w+)/.exec(words) ?? [];
  if (attribute !== undefined) return unsupported('attribute', `${operator}.${attribute}`);
  if (saysNoMemory(words)) {
    return new StrataError('out-of-memory', `There is not enough memory for this: ${message}`, {}, { cause });
  }
  if (saysDeviceLost(words)) {
    return new StrataError('device-lost', `The graphics device was lost: ${message}`, {}, { cause });
  }
  if (/no available backend|webgpu is not|Failed to get GPU adapter|not supported in this environment/i.test(words)) {
    return new StrataError('backend-unavailable', `This backend cannot be used here: ${message}`, {}, { cause });
  }
  const what = code === 'session-failed' ? 'The runtime does not accept this model' : 'The run failed';
  // A bare address says nothing to anybody.
  const said = /^\d+$/.test(message) ? {} : { said: message };
  return new StrataError(code, `${what}: ${message}`, said, { cause });
}
