import type { Fact, PreparedFact } from './fact';
import type { ModelInfo } from './model';
import type { RunSpec, Trace } from './run';
import type { WeightReader } from './weights';

export interface ProbeInput<Options> {
  readonly info: ModelInfo;
  /** Undefined for probes of the model itself (e.g. what each head does). */
  readonly prepared: PreparedFact | undefined;
  readonly options: Options;
  /** The facts named by {@link ProbeMeta.related}, in the model's tokens and in its order. */
  readonly related: readonly PreparedFact[];
}

/** One way of looking. `probes/<id>/meta.ts` exports one of these as `meta`. */
export interface ProbeMeta<Options = unknown> {
  readonly id: string;
  readonly defaults: Options;
  /** Reads options from untrusted data; what is absent takes its default. @throws StrataError `invalid-request` */
  parseOptions(value: unknown): Options;
  /** Other facts this probe runs beside the given one, e.g. the same prompt with another subject. */
  related?(fact: Fact, options: Options): readonly Fact[];
  /** The runs this probe needs, pure and in order; answer's column first where it matters. */
  plan(input: ProbeInput<Options>): readonly RunSpec[];
}

/** `probes/<id>/compute.ts` exports one of these as `compute`: pure, traces in the order of the plan. */
export type ProbeCompute<Options = unknown, Result = unknown> = (
  input: ProbeInput<Options>,
  traces: readonly Trace[],
  weights: WeightReader,
) => Result;
