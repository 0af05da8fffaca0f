import type { Emergence } from '../../core/emergence';
import { StrataError } from '../../core/errors';
import { answerIds, answerPosition, foilId, type Fact, type PreparedFact } from '../../core/fact';
import { OptionReader } from '../../core/options';
import type { ProbeMeta } from '../../core/probe';
import type { HookName } from '../../core/hooks';
import type { RunSpec } from '../../core/run';

export const MAX_NULL_SUBJECTS = 20;

export interface EmergenceOptions {
  /** Token position of the column, negative from the end; `answer` = where the answer comes next. */
  readonly position: number | 'answer';
  readonly midLayers: boolean;
  /** Other subjects to put in the subject's place for the null, at most 20. Needs `fact.subject`. */
  readonly null: readonly string[];
}

/** One accepted answer in full, under teacher forcing. */
export interface AnswerScore {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Probability of each token given the prompt and the answer's tokens before it. */
  readonly tokenProbs: readonly number[];
  /** Their product. */
  readonly probability: number;
  /** Rank of each token in its place, from 1. All 1 = greedy writes this answer. */
  readonly tokenRanks: readonly number[];
}

export interface Verdict {
  /** The model's top token at the answer's place is an accepted answer's first token. */
  readonly topIsAnswer: boolean;
  /** Greedy writing gives an accepted answer in full (every token of it has rank 1): the model knows the fact here. */
  readonly knows: boolean;
  /** Best rank of an accepted first token. */
  readonly rank: number;
  /** p(answer): accepted first tokens' probabilities added up. */
  readonly p: number;
  /** What the model says first, and how probable that is. */
  readonly saysId: number;
  readonly saysProbability: number;
  /** True when no answer was given and the model's own next token stands in for it: nothing is judged. */
  readonly ownAnswer: boolean;
}

export type SkippedSubject = {
  readonly subject: string;
  readonly reason: 'empty' | 'unchanged' | 'duplicate' | 'too-long';
};

/** The same prompt with other subjects: what depth would any subject show? */
export interface NullResult {
  readonly used: readonly string[];
  readonly skipped: readonly SkippedSubject[];
  /** `[R]` mean p(answer) over the used subjects. */
  readonly meanP: Float32Array;
  /** `[R]` share of the used subjects for which an accepted answer leads at this row, 0–1. */
  readonly leadShare: Float32Array;
  /** `[used, R]` p(answer) of each subject. */
  readonly p: Float32Array;
  /** Per used subject: first and stable row, undefined where it never happens. */
  readonly first: readonly (number | undefined)[];
  readonly stable: readonly (number | undefined)[];
}

/** The rise of the answer through R rows, embedding first, at one position (docs/definitions.md, “Emergence”). */
export interface EmergenceResult {
  /** Absolute token position of the column. */
  readonly position: number;
  /** True when the column is the one whose next token is the answer; verdict and scores speak of that one. */
  readonly atAnswer: boolean;
  readonly rowHooks: readonly HookName[];
  /** Completed layers per row, 0 … n_layers; mid-layer rows are l + 0.5. Rows in `events` index this. */
  readonly rowDepth: readonly number[];
  readonly answerIds: readonly number[];
  /** `[R]` */
  readonly p: Float32Array;
  /** `[R]` best rank of an accepted answer. */
  readonly rank: Int32Array;
  /** `[R]` logit of the best accepted answer. */
  readonly answerLogits: Float32Array;
  readonly foilId?: number;
  /** `[R]` */
  readonly foilP?: Float32Array;
  /** `[R]` */
  readonly foilRank?: Int32Array;
  /** `[R]` logit(answer) − logit(foil). */
  readonly logitDiff?: Float32Array;
  readonly events: Emergence;
  /** First row from which top-1 is the model's own final token in every later row. Always defined: the last row is. */
  readonly saturation: number;
  /** `[R]` the leading token of each row and its probability. */
  readonly topIds: Int32Array;
  readonly topProbs: Float32Array;
  /** `[k]` the model's own distribution at this position, best first. */
  readonly finalIds: Int32Array;
  readonly finalProbs: Float32Array;
  /** `[R]` */
  readonly entropyBits: Float32Array;
  readonly klBits: Float32Array;
  /** Undefined when the column is another than the answer's. */
  readonly verdict?: Verdict;
  /** One per accepted answer that joins the prompt where the canonical one does; empty when `ownAnswer`. */
  readonly answers: readonly AnswerScore[];
  /** Accepted answers left out: they are too long for the context, or change the prompt's tokens elsewhere. */
  readonly answersLeftOut: readonly { readonly text: string; readonly reason: 'too-long' | 'seam' }[];
  /** Undefined when no subject is known, none was offered, or the column is not the answer's. */
  readonly null?: NullResult;
  /** Every token id named in this result; `ProbeResponse.labels` shows them. */
  readonly tokenIds: Int32Array;
}

/** The fact with another subject in the subject's place. */
export function withSubject(fact: Fact, subject: string): Fact {
  const [start, end] = fact.subject ?? [0, 0];
  return {
    ...fact,
    prompt: fact.prompt.slice(0, start) + subject + fact.prompt.slice(end),
    subject: [start, start + subject.length],
  };
}

const ids = (prepared: PreparedFact): number[] => prepared.tokens.map((token) => token.id);

/** Where each part of the plan stands in it: the column, then teacher forcing per answer, then the null. */
export interface EmergencePlan {
  readonly column: RunSpec;
  readonly position: number;
  readonly atAnswer: boolean;
  /** Accepted answers of several tokens that fit the context. */
  readonly forced: readonly { readonly answer: number; readonly spec: RunSpec }[];
  readonly null: readonly { readonly subject: string; readonly spec: RunSpec; readonly prepared: PreparedFact }[];
  readonly skipped: readonly SkippedSubject[];
}

type Input = Parameters<ProbeMeta<EmergenceOptions>['plan']>[0];

function nullRuns({ prepared, options, related }: Input): Pick<EmergencePlan, 'null' | 'skipped'> {
  const runs: EmergencePlan['null'][number][] = [];
  const skipped: SkippedSubject[] = [];
  const seen = new Map([[ids(prepared!).join(), 'unchanged' as const]]) as Map<string, 'unchanged' | 'duplicate'>;
  related.forEach((other, index) => {
    const subject = options.null[index]!;
    const key = ids(other).join();
    const before = seen.get(key);
    const reason = !subject.trim() ? 'empty' : (before ?? (other.tokensOver > 0 ? 'too-long' : undefined));
    if (reason) {
      skipped.push({ subject, reason });
      return;
    }
    seen.set(key, 'duplicate');
    const lens = { positions: [answerPosition(other)], midLayers: options.midLayers, k: 1, targets: answerIds(other) };
    runs.push({ subject, prepared: other, spec: { tokens: ids(other), interventions: [], captures: [], lens } });
  });
  return { null: runs, skipped };
}

/** Pure; `compute` uses it too, to know which trace is which. */
export function planEmergence(input: Input): EmergencePlan | undefined {
  const { prepared, options, info } = input;
  if (!prepared) return undefined;
  const tokens = ids(prepared);
  const answerAt = answerPosition(prepared);
  const asked = options.position === 'answer' ? answerAt : options.position;
  const position = asked < 0 ? asked + tokens.length : asked;
  if (position < 0 || position >= tokens.length) {
    throw new StrataError('invalid-request', `There is no position ${asked} in a prompt of ${tokens.length} tokens.`, {
      position: asked,
      tokens: tokens.length,
    });
  }
  const atAnswer = position === answerAt;
  const foil = foilId(prepared);
  const targets = [...new Set([...answerIds(prepared), ...(foil === undefined ? [] : [foil])])];
  const joined = prepared.answers.map((answer) => answer.promptLength === answerAt + 1 && answer.tokens.length > 1);
  const forced = prepared.answers.flatMap((answer, index) => {
    const spelled = [...tokens.slice(0, answerAt + 1), ...answer.tokens.slice(0, -1).map((token) => token.id)];
    if (!joined[index] || !atAnswer || spelled.length > info.limits.tokens) return [];
    const lens = {
      positions: answer.tokens.map((_, step) => answerAt + step),
      midLayers: false,
      k: 1,
      targets: [...new Set(answer.tokens.map((token) => token.id))],
    };
    return [{ answer: index, spec: { tokens: spelled, interventions: [], captures: [], lens } }];
  });
  const others = atAnswer && prepared.ownAnswer !== true ? nullRuns(input) : { null: [], skipped: [] };
  return {
    column: {
      tokens,
      interventions: [],
      captures: [],
      lens: { positions: [position], midLayers: options.midLayers, k: 10, targets },
    },
    position,
    atAnswer,
    forced,
    ...others,
  };
}

export const meta: ProbeMeta<EmergenceOptions> = {
  id: 'emergence',
  defaults: { position: 'answer', midLayers: false, null: [] },

  parseOptions(value) {
    const read = new OptionReader(value);
    return {
      position: read.integerOr('position', 'answer', 'answer'),
      midLayers: read.boolean('midLayers', false),
      null: read.strings('null', MAX_NULL_SUBJECTS),
    };
  },

  related(fact, options) {
    return fact.subject ? options.null.map((subject) => withSubject(fact, subject)) : [];
  },

  plan(input) {
    const plan = planEmergence(input);
    return plan ? [plan.column, ...plan.forced.map((run) => run.spec), ...plan.null.map((run) => run.spec)] : [];
  },
};
