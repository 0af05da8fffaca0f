import type { BaseIssue, GenericSchema } from 'valibot';
import type { Fact, PreparedFact } from './fact';
import type { ModelInfo } from './model';
import type { RunSpec, Stage, Trace } from './run';
import type { WeightReader } from './weights';
import type { GeneratedToken, WriteFinish, WriteOptions } from './writing';

/** Where on the page a probe stands: what the model does, what carries it, many facts, many voices. */
export const CHAPTERS = ['emerge', 'look', 'cause', 'study', 'society'] as const;
export type Chapter = (typeof CHAPTERS)[number];

/** What a probe looks at: one fact, two prompts side by side, many facts, or the model itself. */
export type ProbeSubject = 'fact' | 'pair' | 'set' | 'model';

/** The part of a model that a probe needs and this one does not show, e.g. `attention` or `logit_lens`. */
export interface Missing {
  readonly part: string;
}

/** What a probe takes, known before anything is run. */
export interface Cost {
  /** Forward passes through the whole model. */
  readonly passes: number;
}

/** Reads a probe's options from untrusted data; what is absent takes its default. */
export type OptionsSchema<Options> = GenericSchema<unknown, Options, BaseIssue<unknown>>;

/** What one run of a probe is about. */
export interface ProbeInput<Options, Part = never> {
  readonly info: ModelInfo;
  /** Undefined for probes of the model itself (e.g. what each head does). */
  readonly prepared: PreparedFact | undefined;
  readonly options: Options;
  /** Parts that an earlier run, which was cut short, has delivered already, in their order: they are not made again. */
  readonly have: readonly Part[];
}

/** One way of looking, in terms that page, worker and command line read. `probes/<id>/meta.ts` exports one as `meta`. */
export interface ProbeMeta<Options = unknown> {
  /** The name of its folder. */
  readonly id: string;
  readonly chapter: Chapter;
  readonly subject: ProbeSubject;
  /** `always`: with every fact. `asked`: when a person asks for it. */
  readonly when: 'always' | 'asked';
  readonly options: OptionsSchema<Options>;
  /** Where no answer is given, the model's own next token stands in for it. */
  readonly needsAnswer: boolean;
  /** What this model lacks for it; undefined when nothing is missing. */
  needs(info: ModelInfo): Missing | undefined;
  /** Absent where it is one pass. */
  cost?(input: ProbeInput<Options>): Cost;
}

/**
 * What a probe works with: the model of this moment. Runs are served one after the other, and each ends with the
 * StrataError `cancelled` once the person says stop.
 */
export interface Lab {
  readonly weights: WeightReader;
  readonly signal: AbortSignal;
  /** Another fact in the model's tokens. */
  prepare(fact: Fact): PreparedFact;
  /** Says how many runs there will be in all, for the progress that is shown. */
  expect(runs: number): void;
  /** One run; the same one is not made twice while its trace is kept. */
  run(spec: RunSpec): Promise<Trace>;
  /**
   * Many runs: batched by the engine, order kept, stopped between batches; every intervention of the stage is built
   * in once. `read` takes from each trace what is wanted of it, so that no more than a batch is held at a time.
   */
  runs<T>(stage: Stage, specs: Iterable<RunSpec>, read: (trace: Trace, index: number) => T): AsyncGenerator<T>;
  /** Lets the model write on from these tokens, one token at a time. */
  write(tokens: readonly number[], options: WriteOptions): AsyncGenerator<GeneratedToken, WriteFinish>;
}

/**
 * `probes/<id>/run.ts` exports one of these as `run`: pure but for the lab. Parts are what there is to show on the
 * way; the next one is only made once the one before was taken.
 */
export type ProbeRun<Options = unknown, Part = unknown, Result = unknown> = (
  lab: Lab,
  input: ProbeInput<Options, Part>,
) => AsyncGenerator<Part, Result>;

/** A convention for results and parts that name tokens of the vocabulary: these ids are given labels. */
export interface NamesTokens {
  readonly tokenIds: Iterable<number>;
}
