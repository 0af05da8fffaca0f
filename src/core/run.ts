import type { HookName } from './hooks';
import type { Intervention } from './interventions';
import type { Tensor } from './tensor';

/** Which lens cells to compute and what to say of each. */
export interface LensRequest {
  /** Positions (columns), negative from the end; `all` for every position. */
  readonly positions: 'all' | readonly number[];
  /** Also the mid-layer stream (after attention), where the model has one. */
  readonly midLayers: boolean;
  /** How many top tokens per cell (≥ 1). */
  readonly k: number;
  /** Token ids whose probability and rank are wanted in every cell. */
  readonly targets: readonly number[];
}

/** One forward run of a model. Plain data; equal specs give equal traces. */
export interface RunSpec {
  readonly tokens: readonly number[];
  readonly interventions: readonly Intervention[];
  readonly captures: readonly HookName[];
  readonly lens?: LensRequest;
}

/** Many runs that belong together, so that what they need of the model is built once. */
export interface Stage {
  /** How many runs there will be. */
  readonly specs: number;
  /** Every intervention that any of them may use; only kinds, hooks and layers matter. Absent: none. */
  readonly interventions?: readonly Intervention[];
  /** The traces are few and small and are wanted again: they are kept as those of single runs are. */
  readonly keep?: true;
}

/**
 * Logit-lens cells. `R` rows from the embedding row up (row 0 = before layer 0, the last row = the model's own
 * output), `P` positions, row-major `[R, P, …]`.
 */
export interface LensTable {
  /** Per row: the residual hook it reads, bottom (embedding) to top. */
  readonly rowHooks: readonly HookName[];
  /** Per row: completed layers, 0 … n_layers; mid-layer rows are l + 0.5. */
  readonly rowDepth: readonly number[];
  /** Absolute token positions of the columns. */
  readonly positions: readonly number[];
  readonly k: number;
  /** `[R, P, k]` token ids, most probable first. */
  readonly topIds: Int32Array;
  /** `[R, P, k]` probabilities. */
  readonly topProbs: Float32Array;
  readonly targets: readonly number[];
  /** `[R, P, targets]` probabilities. */
  readonly targetProbs: Float32Array;
  /** `[R, P, targets]` ranks from 1: 1 + number of tokens with a strictly larger logit. */
  readonly targetRanks: Int32Array;
  /** `[R, P, targets]` logits. */
  readonly targetLogits: Float32Array;
  /** `[R, P]` entropy in bits. */
  readonly entropyBits: Float32Array;
  /** `[R, P]` D_KL(final ‖ row) in bits. */
  readonly klBits: Float32Array;
}

/** What one run left behind. Stays in the worker; probes read it. */
export interface Trace {
  readonly spec: RunSpec;
  /** Captured tensors by hook name, shapes as in `hooks.ts`. */
  readonly captures: ReadonlyMap<HookName, Tensor>;
  readonly lens?: LensTable;
  /** Wall time of the run in milliseconds. */
  readonly milliseconds: number;
}

/** Index into a `[R, P, …]` lens array: the cell of row `row` and column `column` (not position). */
export function lensCell(table: LensTable, row: number, column: number): number {
  return row * table.positions.length + column;
}
