import type { ErrorRecord } from './errors';
import type { Fact, Labels, PreparedFact, Token } from './fact';
import type { Backend, BackendChoice, LoadNote, ModelInfo, ModelSource } from './model';
import type { RunSpec, Trace } from './run';

export type LoadProgress =
  | {
      readonly stage: 'download';
      readonly file: string;
      readonly receivedBytes: number;
      /** 0 while unknown. */
      readonly totalBytes: number;
      /** Smoothed; 0 while unknown. */
      readonly bytesPerSecond: number;
      readonly fromStorage: boolean;
      /** Another tab is fetching some of it; this one waits for that. */
      readonly elsewhere?: true;
    }
  | { readonly stage: 'prepare'; readonly step: 'verify' | 'tokenizer' | 'anatomy' | 'session' | 'self-check' }
  | { readonly stage: 'note'; readonly note: LoadNote };

export interface LoadRequest {
  readonly source: ModelSource;
  readonly backend: BackendChoice;
  /** Kept in memory only, sent to the hub alone. */
  readonly hubToken?: string;
}

export interface RunProgress {
  /** Completed and total runs of the plan. */
  readonly done: number;
  readonly total: number;
  /** Cells of the lens that the run under way has finished, where that takes several steps. */
  readonly lens?: { readonly done: number; readonly total: number };
  /** There was no memory for as many runs at once as were tried, so fewer are made together. */
  readonly memoryShort?: true;
}

export interface ProbeRequest<Part = unknown> {
  readonly probe: string;
  /** Absent for probes of the model itself. */
  readonly fact?: Fact;
  readonly options?: unknown;
  /** Parts that an earlier run delivered before it was cut short; what they hold is not computed again. */
  readonly have?: readonly Part[];
}

/** A probe's result with what it took. `result` is plain data and typed arrays (transferred). */
export interface ProbeResponse<Result = unknown> {
  readonly result: Result;
  /** How to show every id in `result.tokenIds` (a convention for results that name vocabulary tokens). */
  readonly labels: Labels;
  readonly prepared?: PreparedFact;
  readonly milliseconds: number;
  readonly backend: Backend;
}

/** Long work can be cancelled and reports progress. Both are optional. */
export interface CallOptions<Progress = never> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** A probe also hands over parts; the next is only made once the one before was taken. */
export interface ProbeCall<Part = unknown> extends CallOptions<RunProgress> {
  readonly onPart?: (part: Part, labels: Labels) => void;
}

/**
 * A loaded model, in this thread (Node, tests, command line) or behind a worker (app): nobody can tell which.
 * Every method rejects with a StrataError. Calls are served in order; a cancelled call rejects with `cancelled`.
 */
export interface ModelApi {
  /**
   * Replaces the current model. On failure the error says why, and the model before answers on where it is still held.
   */
  load(request: LoadRequest, call?: CallOptions<LoadProgress>): Promise<ModelInfo>;
  /** Token pieces of a text as the model would read it as a prompt (special tokens included). */
  tokenize(text: string): Promise<readonly Token[]>;
  /** A fact in tokens: prompt, answers as continuations, subject positions. Never runs the model. */
  prepare(fact: Fact): Promise<PreparedFact>;
  /** Tokens (their visible text) for ids, e.g. to label lens cells. */
  describe(ids: readonly number[]): Promise<readonly Token[]>;
  /** One run as described; captured tensors cross the boundary, so ask for little. For checks and scripts. */
  trace(spec: RunSpec, call?: CallOptions): Promise<Trace>;
  /**
   * Runs a probe to its end. Once parts have been handed over it is never begun anew by itself: a model that is lost
   * then rejects with `worker-lost` or `device-lost` and `parts` in its details, and can be asked to go on with `have`.
   */
  runProbe<Result, Part = unknown>(request: ProbeRequest<Part>, call?: ProbeCall<Part>): Promise<ProbeResponse<Result>>;
  /** Frees cached traces. */
  release(): Promise<void>;
  /** The load whose model answers now. */
  readonly holds?: LoadRequest | undefined;
  dispose(): Promise<void>;
}

export type { ErrorRecord };
