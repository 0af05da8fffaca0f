import { needsLens } from '../../core/needs';
import type { ProbeMeta } from '../../core/probe';
import { flag, optionsOf, whole } from '../../core/schemas';
import type { LensTable } from '../../core/run';

export interface LensOptions {
  /** Also the mid-layer stream (after attention), where the model has one. */
  readonly midLayers: boolean;
  /** Top tokens per cell, 1–50. */
  readonly k: number;
}

/** The lens of every row and position (docs/definitions.md, “Logit lens”). Shapes: R rows, P positions, row-major. */
export interface LensResult {
  /** `table.targets` = the answer's ids, then the foil's id if there is one. */
  readonly table: LensTable;
  /** Column of the table whose next token is the answer. */
  readonly answerColumn: number;
  readonly answerIds: readonly number[];
  readonly foilId?: number;
  /** `[R, P]` p(answer): accepted first tokens' probabilities added up. */
  readonly answerProbs: Float32Array;
  /** `[R, P]` best rank of an accepted answer, from 1. */
  readonly answerRanks: Int32Array;
  /** At the answer's column: first row led by an accepted answer, and from which row on it leads to the end. */
  readonly first?: number;
  readonly stable?: number;
  /** Every token id named in this result; `ProbeResponse.labels` shows them. */
  readonly tokenIds: Int32Array;
}

export const meta: ProbeMeta<LensOptions> = {
  id: 'lens',
  chapter: 'emerge',
  subject: 'fact',
  when: 'always',
  needsAnswer: true,
  options: optionsOf({ midLayers: flag(false), k: whole(10, 1, 50) }),
  needs: needsLens,
};
