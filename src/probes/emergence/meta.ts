import type { Emergence } from '../../core/emergence';
import type { HookName } from '../../core/hooks';
import { needsLens } from '../../core/needs';
import type { ProbeMeta } from '../../core/probe';
import { flag, optionsOf, texts, wholeOr } from '../../core/schemas';

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

export const meta: ProbeMeta<EmergenceOptions> = {
  id: 'emergence',
  chapter: 'emerge',
  subject: 'fact',
  when: 'always',
  needsAnswer: true,
  options: optionsOf({
    position: wholeOr('answer', 'answer'),
    midLayers: flag(false),
    null: texts(MAX_NULL_SUBJECTS),
  }),
  needs: needsLens,
  cost: ({ options, prepared }) => ({
    passes: 1 + options.null.length + (prepared?.answers.filter(({ tokens }) => tokens.length > 1).length ?? 0),
  }),
};
