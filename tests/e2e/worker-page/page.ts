import { ModelClient, type ModelClientOptions, type RestartEvent } from '../../../src/client/model-client.ts';
import { backendLabel } from '../../../src/core/backend-label.ts';
import type { LoadRequest } from '../../../src/core/model-api.ts';
import type { Backend, BackendChoice, Dtype } from '../../../src/core/model.ts';
import { createBrowserDeps } from '../../../src/worker/browser-deps.ts';
import { CheckMemory } from '../../../src/worker/self-check.ts';
import { BAD_INPUT } from '../../contract/bad-input.ts';
import { CHECKS } from '../../contract/checks.ts';
import { PARITY, type Check, type Reference } from '../../contract/parity.ts';
import { readSafetensors } from '../../fixtures/safetensors.ts';
import { AS_PYTORCH, BY_ITSELF, type GoldenCheck } from './golden.ts';

/** The site's root; this page lies three folders below it. */
const root = new URL('../../../', document.baseURI).href;

async function bytes(path: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path, root));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await bytes(path))) as T;
}

/** A folder of tests/fixtures as if a person had chosen it from disk. */
async function fixture(name: string, backend: BackendChoice, dtype: Dtype = 'fp32'): Promise<LoadRequest> {
  const files = new Map<string, Blob>();
  for (const path of await json<string[]>(`${name}/paths.json`))
    files.set(path, new Blob([(await bytes(`${name}/${path}`)) as Uint8Array<ArrayBuffer>]));
  return { source: { kind: 'folder', name: name.split('/').pop() ?? name, dtype, files }, backend };
}

const zoo = (name: string, backend: BackendChoice, dtype?: Dtype) => fixture(`zoo/${name}`, backend, dtype);

const restarts: RestartEvent[] = [];

function client(options: Partial<ModelClientOptions> = {}): ModelClient {
  return new ModelClient({ root, onRestart: (event) => restarts.push(event), ...options });
}

/** A reference without prompts would let every check over them pass. */
function promptsOf(tensors: ReadonlyMap<string, unknown>): number[] {
  const stored = [0, 1, 2].filter((prompt) => tensors.has(`${prompt}/input_ids`));
  if (stored.length === 0) throw new Error('the reference has no prompts');
  return stored;
}

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/** Runs checks through a worker; one outcome per check, the first says where it ran. */
async function run(checks: readonly Check[], name: string, backend: Backend, tolerance: number): Promise<Outcome[]> {
  const api = client();
  const request = await fixture(name, backend);
  const info = await api.load(request);
  const texts = request.source.kind === 'folder' && request.source.files.has('tokenizer.json');
  const { tensors } = readSafetensors(await bytes(`${name}/reference.safetensors`));
  const valueWeighted = await json<Reference['valueWeighted']>('zoo/value-weighted.json');
  const prompts = promptsOf(tensors);
  const outcomes: Outcome[] = [{ name: `runs on ${backendLabel(info)}, ${info.batching.kind}` }];
  for (const check of checks.filter(({ asksWithText }) => texts || !asksWithText)) {
    try {
      await check.run(api, { tensors, valueWeighted, tolerance, prompts }, info);
      outcomes.push({ name: check.name });
    } catch (error) {
      outcomes.push({ name: check.name, error: String(error) });
    }
  }
  await api.dispose();
  return outcomes;
}

/** The contract of ModelApi, on optimum-gpt2. */
const contract = (backend: Backend, tolerance: number) =>
  run([...CHECKS, ...BAD_INPUT], 'zoo/optimum-gpt2', backend, tolerance);
/** The numbers of the reference, on any fixture of the zoo's shape. */
const parity = (name: string, backend: Backend, tolerance: number) => run(PARITY, name, backend, tolerance);

/** Largest absolute difference to the reference. Of quantised files PyTorch knows nothing. */
const TOLERANCE: Readonly<Record<Backend, Readonly<Partial<Record<Dtype, number>>>>> = {
  wasm: { fp32: 1e-4, fp16: 2e-2 },
  webgpu: { fp32: 1e-3 },
};

/**
 * Every one of the checks that fits the file's precision, with its own tolerance. On WebGPU what a wrong kernel would
 * change, PyTorch's numbers, and no comparison with WASM, which would cost a software GPU more than all of them.
 */
async function golden(
  name: string,
  dtype: Dtype,
  backend: Backend,
  only: readonly number[] = [0, 1, 2],
): Promise<Outcome[]> {
  const api = client();
  const request = await fixture(name, backend, dtype);
  if (backend === 'webgpu') await rememberAsEqual(request);
  const info = await api.load(request);
  const { tensors } = readSafetensors(await bytes(`${name}/reference.safetensors`));
  const tolerance = TOLERANCE[backend][dtype];
  const checks: readonly GoldenCheck[] = [
    ...(tolerance === undefined ? [] : AS_PYTORCH),
    ...(backend === 'webgpu' ? [] : BY_ITSELF),
  ];
  const prompts = promptsOf(tensors).filter((prompt) => only.includes(prompt));
  const outcomes: Outcome[] = [
    { name: `${name} (${info.dtype}) runs on ${backendLabel(info)}, ${info.batching.kind}` },
  ];
  for (const check of checks) {
    const title = `${name} (${dtype}): ${check.name}`;
    try {
      await check.run({ api, info, tensors, prompts, tolerance: tolerance ?? 0 });
      outcomes.push({ name: title });
    } catch (error) {
      outcomes.push({ name: title, error: String(error) });
    }
  }
  await api.dispose();
  return outcomes;
}

/** As if an earlier visit had compared this model on both backends and found them equal. */
async function rememberAsEqual(request: LoadRequest): Promise<void> {
  const deps = createBrowserDeps({ root, lock: '' });
  const [files, { adapter }] = await Promise.all([
    deps.openModel(request, { onProgress: () => undefined }),
    deps.webgpu(),
  ]);
  await new CheckMemory(deps.checks, files).keepVerdict(adapter, { difference: 0, milliseconds: 1 });
}

export interface Harness {
  readonly root: string;
  readonly client: typeof client;
  readonly zoo: typeof zoo;
  readonly contract: typeof contract;
  readonly parity: typeof parity;
  readonly golden: typeof golden;
  readonly restarts: typeof restarts;
}

declare global {
  interface Window {
    strata: Harness;
    /** What a test keeps between two evaluations. */
    api: ModelClient;
  }
}

window.strata = { root, client, zoo, contract, parity, golden, restarts };
