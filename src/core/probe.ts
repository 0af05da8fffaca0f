import type { PreparedFact } from './fact';
import type { ModelInfo } from './model';
import type { RunSpec, Trace } from './run';
import type { Tensor } from './tensor';

/** Reads one of the model's weights, found by anatomy; undefined where this model has none of that kind. */
export interface WeightReader {
  /** Output projection of attention, `[head, d_head, d_model]`. */
  W_O(layer: number): Tensor | undefined;
}

export interface ProbeInput<Options> {
  readonly info: ModelInfo;
  /** Undefined for probes of the model itself (e.g. what each head does). */
  readonly prepared: PreparedFact | undefined;
  readonly options: Options;
}

/** One way of looking. `probes/<id>/meta.ts` exports one of these as `meta`. */
export interface ProbeMeta<Options = unknown> {
  readonly id: string;
  readonly defaults: Options;
  /** The runs this probe needs, pure and in order; answer's column first where it matters. */
  plan(input: ProbeInput<Options>): readonly RunSpec[];
}

/** `probes/<id>/compute.ts` exports one of these as `compute`: pure, traces in the order of the plan. */
export type ProbeCompute<Options = unknown, Result = unknown> = (
  input: ProbeInput<Options>,
  traces: readonly Trace[],
  weights: WeightReader,
) => Result;
