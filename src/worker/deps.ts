import type { LoadProgress, LoadRequest } from '../core/model-api';
import type { Backend, ModelFiles } from '../core/model';
import type { ProbeMeta, ProbeRun } from '../core/probe';
import type { Engine, KeptVerdicts } from '../engine/engine';

export interface Probe {
  readonly meta: ProbeMeta;
  readonly run: ProbeRun;
}

/** Progress always has a listener here; the signal may be absent. */
export interface LoadCall {
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

/** What comparing the app's own models with their untouched files found, by model and verdict (`cli/model-checks.ts`). */
export type ShippedChecks = Readonly<Record<string, number>>;

/** What this thread can have of WebGPU. */
export interface WebGpuSupport {
  /** `software` draws on the processor: correct, but never faster than WASM. */
  readonly kind: 'hardware' | 'software' | 'none';
  /** Tells one graphics device from another, as far as the browser does. */
  readonly adapter: string;
}

/** Small documents on the device, as JSON. */
export interface KeptDocuments {
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
}

/** What a {@link ModelApi} in this thread stands on; Node, tests and the worker bring their own. */
export interface ModelApiDeps {
  openModel(request: LoadRequest, call: LoadCall): Promise<ModelFiles>;
  /** @param kept What earlier loads of the same bytes found. */
  openEngine(files: ModelFiles, backend: Backend, call: LoadCall, kept: KeptVerdicts): Promise<Engine>;
  webgpu(): Promise<WebGpuSupport>;
  /** What self-checks found on this device with this version of the runtime. */
  readonly checks: KeptDocuments;
  /** What was found for the app's own models when it was built; absent: nothing. */
  readonly shippedChecks?: ShippedChecks;
  /** Bytes that ONNX Runtime has taken in this thread; undefined where that cannot be known. */
  runtimeBytes(): number | undefined;
  readonly probes: ReadonlyMap<string, Probe>;
  /** Lets waiting messages (a cancel) in between two runs. */
  pause(): Promise<void>;
}
