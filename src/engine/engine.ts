import type { Fact, PreparedFact, PromptOptions, Token } from '../core/fact';
import type { Backend, ModelFiles, ModelInfo } from '../core/model';
import type { RunSpec, Stage, Trace } from '../core/run';
import type { WeightReader } from '../core/weights';
import type { RuntimeOptions } from './session/runtime';

/** What earlier loads of the same file found, by name. What is written need not be there another time. */
export interface KeptVerdicts {
  read(name: string): Promise<unknown>;
  write(name: string, verdict: unknown): Promise<void>;
  /** What was found when the app was built, for a model that belongs to it. */
  shipped?(name: string): number | undefined;
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
  /** Where the comparison with the untouched file is remembered; absent: it is made anew. */
  readonly kept?: KeptVerdicts;
}

export interface TraceOptions {
  /** Checked between session runs (a run itself cannot be stopped): the call rejects with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Lens cells finished so far and in all, after every chunk. */
  readonly onLensProgress?: (done: number, total: number) => void;
  /** There was no memory for as many runs at once as were tried: fewer are run together from now on. */
  readonly onMemoryShort?: () => void;
}

/**
 * One loaded model: tokenizer and ONNX Runtime sessions. Who calls it puts the calls in order: a run, `release` or a
 * part of `traces` that begins while another is under way is refused with `internal`; questions about text are answered
 * at any time. Every failure is a StrataError and leaves the engine usable, except `device-lost`, `out-of-memory` and
 * `deadline`, after which it should be disposed of (in the browser: together with its worker). `out-of-memory` is only
 * thrown where not even one run alone had room.
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
  /** A fact in tokens (docs/definitions.md, “Answer tokens”). Never runs the model. */
  prepare(fact: Fact): PreparedFact;

  /**
   * Runs a spec. A spec with the tokens and interventions of the one before reuses its residual stream, so asking
   * for the answer's column first and for the rest afterwards costs one pass through the layers.
   * @throws StrataError `unknown-hook`, `invalid-intervention`, `prompt-too-long`, `empty-prompt`, `non-finite`, …
   */
  trace(spec: RunSpec, options?: TraceOptions): Promise<Trace>;

  /**
   * Runs specs and gives their traces in the same order. Neighbours of equal length, captures and lens are run together
   * where the model allows it (`info.batching`), as many as take about 150 ms and fit into memory; their numbers
   * are those of single runs within 1e-5. Specs are taken from the list only as they are needed.
   *
   * The signal is checked between batches. A spec that cannot be run ends the list, after the traces before it.
   * @param options.stage Builds in what the runs will use before the first of them.
   * @throws StrataError as {@link trace}.
   */
  traces(specs: Iterable<RunSpec>, options?: TraceOptions & { readonly stage?: Stage }): AsyncGenerator<Trace>;

  /** Logits `[d_vocab]` after the last of the tokens: one step of generation, without a cache. */
  generateStep(tokens: readonly number[], options?: { readonly signal?: AbortSignal }): Promise<Float32Array>;

  /** Frees the kept residual stream and sessions built for interventions. */
  release(): Promise<void>;
  dispose(): Promise<void>;
}

/** Loads a model: `createEngine(files, { backend: 'wasm', threads: 2, wasmPaths })`. */
export type CreateEngine = (files: ModelFiles, options?: EngineOptions) => Promise<Engine>;
