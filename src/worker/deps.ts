import type { LoadProgress, LoadRequest } from '../core/model-api';
import type { Backend, ModelFiles } from '../core/model';
import type { ProbeCompute, ProbeMeta } from '../core/probe';
import type { Engine } from '../engine/engine';

export interface Probe {
  readonly meta: ProbeMeta;
  readonly compute: ProbeCompute;
}

/** Progress always has a listener here; the signal may be absent. */
export interface LoadCall {
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
}

/** `software` draws on the processor: correct, but never faster than WASM. */
export type WebGpuSupport = 'hardware' | 'software' | 'none';

/** What a {@link ModelApi} in this thread stands on; Node, tests and the worker bring their own. */
export interface ModelApiDeps {
  openModel(request: LoadRequest, call: LoadCall): Promise<ModelFiles>;
  openEngine(files: ModelFiles, backend: Backend, call: LoadCall): Promise<Engine>;
  webgpu(): Promise<WebGpuSupport>;
  readonly probes: ReadonlyMap<string, Probe>;
  /** Lets waiting messages (a cancel) in between two runs. */
  pause(): Promise<void>;
}
