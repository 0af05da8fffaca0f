import type { Fact, PreparedFact, PromptOptions, Token } from '../core/fact';
import type { Backend, ModelFiles, ModelInfo } from '../core/model';
import type { WeightReader } from '../core/probe';
import type { RunSpec, Trace } from '../core/run';
import type { Runtime } from './session/runtime';

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

/** What is done on the way to a loaded model. */
export type LoadStep = 'tokenizer' | 'anatomy' | 'session' | 'self-check';

export interface EngineOptions extends RuntimeOptions {
  /** No automatic choice here: the worker decides and retries. Default `wasm`. */
  readonly backend?: Backend;
  /** Longest time one session run may take before the call rejects with `deadline`, in ms. Default 120,000. */
  readonly deadlineMs?: number;
  /** Called before each step of loading. */
  readonly onStep?: (step: LoadStep) => void;
  readonly signal?: AbortSignal;
}

export interface TraceOptions {
  /** Checked between session runs (a run itself cannot be stopped): the call rejects with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Lens cells finished so far and in all, after every chunk. */
  readonly onLensProgress?: (done: number, total: number) => void;
}

/**
 * One loaded model: tokenizer and ONNX Runtime sessions. Calls are served in order, one at a time; every failure
 * is a StrataError and leaves the engine usable, except `device-lost`, `out-of-memory` and `deadline`, after which
 * it should be disposed of (in the browser: together with its worker).
 */
export interface Engine {
  readonly info: ModelInfo;
  /** Reads weights from the file's bytes, dequantised to float32. */
  readonly weights: WeightReader;

  /**
   * The text's tokens as the model reads a prompt: special tokens included, as the tokenizer (or the chat template)
   * adds them, but for what would end the text.
   * @throws StrataError `tokenizer-mismatch` when the model came without a tokenizer.
   */
  tokenize(text: string, options?: PromptOptions): readonly Token[];
  /** Tokens for ids, for labels: `start` and `end` are 0. Ids outside the vocabulary throw `invalid-request`. */
  describe(ids: readonly number[]): readonly Token[];
  /** A fact in tokens (SPEC.md, "Answer tokens"). Never runs the model. */
  prepare(fact: Fact): PreparedFact;

  /**
   * Runs a spec. A spec with the tokens and interventions of the one before reuses its residual stream, so asking
   * for the answer's column first and for the rest afterwards costs one pass through the layers.
   * @throws StrataError `unknown-hook`, `invalid-intervention`, `prompt-too-long`, `empty-prompt`, `non-finite`, …
   */
  trace(spec: RunSpec, options?: TraceOptions): Promise<Trace>;

  /** Logits `[d_vocab]` after the last of the tokens: one step of generation, without a cache. */
  generateStep(tokens: readonly number[], options?: { readonly signal?: AbortSignal }): Promise<Float32Array>;

  /** Frees the kept residual stream and sessions built for interventions. */
  release(): Promise<void>;
  dispose(): Promise<void>;
}

/** Loads a model: `createEngine(files, { backend: 'wasm', threads: 2, wasmPaths })`. */
export type CreateEngine = (files: ModelFiles, options?: EngineOptions) => Promise<Engine>;
