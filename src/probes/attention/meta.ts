import { needsPatterns } from '../../core/needs';
import type { ProbeMeta } from '../../core/probe';
import { flag, optionsOf } from '../../core/schemas';

export interface AttentionOptions {
  /** Also the value-weighted pattern (Kobayashi et al. 2020). */
  readonly valueWeighted: boolean;
  /** Also rollout (Abnar & Zuidema 2020). */
  readonly rollout: boolean;
}

/** Who looks where. L layers, H heads, T positions; row-major, `[…, dest, src]`, zero above the diagonal. */
export interface AttentionResult {
  /** Layers that have a pattern, counted from 0: the rows of every array here. All of them in a plain decoder. */
  readonly layers: readonly number[];
  readonly n_heads: number;
  readonly n_positions: number;
  /** `[L, H, T, T]`, rows sum to 1. */
  readonly patterns: Float32Array;
  /** `[L, H, T, T]` pattern × ‖v_src W_O‖; rows do not sum to 1. Absent unless asked for. */
  readonly valueWeighted?: Float32Array;
  /** Why `valueWeighted` is missing though it was asked for: the name of the part this model does not show. */
  readonly valueWeightedMissing?: string;
  /** `[L, T, T]` rollout up to and including each layer; rows sum to 1. Absent unless asked for. */
  readonly rollout?: Float32Array;
  /** Token positions of the subject; empty when none is known. */
  readonly subjectPositions: readonly number[];
  /** `[L]` share of the last token's attention that goes to the subject, mean over heads, 0–1. */
  readonly subjectShare: Float32Array;
  /** `[L, H]` the same for each head. */
  readonly subjectShareByHead: Float32Array;
  /** Token position that looks: the one whose next token is the answer. */
  readonly dest: number;
}

export const meta: ProbeMeta<AttentionOptions> = {
  id: 'attention',
  chapter: 'look',
  subject: 'fact',
  when: 'always',
  needsAnswer: true,
  options: optionsOf({ valueWeighted: flag(false), rollout: flag(false) }),
  needs: needsPatterns,
};
