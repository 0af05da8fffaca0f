import { needsPatterns } from '../../core/needs';
import type { ProbeMeta } from '../../core/probe';
import { optionsOf, real, whole } from '../../core/schemas';

export interface HeadsOptions {
  /** Distinct random tokens in the repeated stretch; fewer where the context is too short. */
  readonly n: number;
  /** How many random sequences the scores are averaged over. */
  readonly seeds: number;
  /** Least score for a label, 0–1. */
  readonly threshold: number;
}

export const HEAD_KINDS = ['previous', 'duplicate', 'induction', 'bos'] as const;
export type HeadKind = (typeof HEAD_KINDS)[number];

/** What a head does: its kind, or `none` when no score reaches the threshold. */
export interface HeadLabel {
  readonly kind: HeadKind | 'none';
  /** The score of that kind; of the highest one for `none`. 0–1. */
  readonly score: number;
}

/**
 * What each head does on a repeated random sequence (docs/definitions.md, “Head scores”): a start
 * ({@link sequenceStart}), n distinct random tokens, the same n again. Scores are mean attention mass, 0–1, mean over
 * the seeds; `[L, H]` row-major.
 */
export interface HeadsResult {
  /** Layers that have a pattern, counted from 0: the rows of every array here. */
  readonly layers: readonly number[];
  readonly n_heads: number;
  /** Mass on dest − 1, over every dest after the first random token. */
  readonly previous: Float32Array;
  /** Mass on the earlier same token, over the second copy. */
  readonly duplicate: Float32Array;
  /** Mass on the token after the earlier same token, over the second copy (prefix matching; Olsson et al. 2022). */
  readonly induction: Float32Array;
  /** Mass on position 0, over every dest after the first random token. */
  readonly bos: Float32Array;
  /** `[L·H]` a label per head: the largest of previous, duplicate, induction if it reaches the threshold, else the sink. */
  readonly labels: readonly HeadLabel[];
  readonly threshold: number;
  /** Distinct random tokens really used. */
  readonly n: number;
  readonly seeds: number;
  /** What stood first; with `none`, `bos` is the mass on the first random token. */
  readonly start: SequenceStart['kind'];
}

/** The token before the random ones. */
export type SequenceStart =
  { readonly kind: 'bos' | 'eos'; readonly id: number } | { readonly kind: 'none'; readonly id?: undefined };

export const meta: ProbeMeta<HeadsOptions> = {
  id: 'heads',
  chapter: 'look',
  subject: 'model',
  when: 'always',
  needsAnswer: false,
  options: optionsOf({ n: whole(50, 2, 1000), seeds: whole(3, 1, 20), threshold: real(0.3, 0, 1) }),
  needs: needsPatterns,
  cost: ({ options }) => ({ passes: options.seeds }),
};
