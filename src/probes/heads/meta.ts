import { StrataError } from '../../core/errors';
import { blockHook } from '../../core/hooks';
import type { ModelInfo } from '../../core/model';
import { OptionReader } from '../../core/options';
import { requirePatterns } from '../../core/patterns';
import type { ProbeMeta } from '../../core/probe';
import { distinctIds } from '../../core/random';

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

/**
 * BOS where the tokenizer puts one. Else the end-of-text token, which such models read between two texts in training
 * and which the field's reference code puts first for them (GPT-2's `<|endoftext|>`). Else nothing.
 */
export function sequenceStart(info: ModelInfo): SequenceStart {
  if (info.bosTokenId !== undefined) return { kind: 'bos', id: info.bosTokenId };
  const eos = info.eosTokenIds.find((id) => id < info.dims.d_vocab);
  return eos === undefined ? { kind: 'none' } : { kind: 'eos', id: eos };
}

/** Ids the random tokens are not drawn from. */
function excludedIds(info: ModelInfo): readonly number[] {
  const { id } = sequenceStart(info);
  return id === undefined ? info.specialTokenIds : [...new Set([...info.specialTokenIds, id])];
}

/** Largest n ≤ the wanted one that fits the context twice after the start and has that many ordinary ids. */
export function lengthThatFits(info: ModelInfo, wanted: number): number {
  const start = sequenceStart(info).kind === 'none' ? 0 : 1;
  const ordinary = info.dims.d_vocab - new Set(excludedIds(info)).size;
  return Math.min(wanted, Math.floor((info.dims.n_ctx - start) / 2), ordinary);
}

export const meta: ProbeMeta<HeadsOptions> = {
  id: 'heads',
  defaults: { n: 50, seeds: 3, threshold: 0.3 },

  parseOptions(value) {
    const read = new OptionReader(value);
    return {
      n: read.integer('n', 50, 2, 1000),
      seeds: read.integer('seeds', 3, 1, 20),
      threshold: read.number('threshold', 0.3, 0, 1),
    };
  },

  plan({ info, options }) {
    const n = lengthThatFits(info, options.n);
    if (n < 2) {
      throw new StrataError('unsupported-model', 'The context is too short for a repeated sequence.', {
        n_ctx: info.dims.n_ctx,
      });
    }
    const patterns = requirePatterns(info).map(patternHook);
    const { id } = sequenceStart(info);
    const start = id === undefined ? [] : [id];
    return Array.from({ length: options.seeds }, (_, seed) => {
      const random = distinctIds(n, info.dims.d_vocab, excludedIds(info), seed + 1);
      return { tokens: [...start, ...random, ...random], interventions: [], captures: patterns };
    });
  },
};

/** Hook of a layer's pattern; `compute` reads it from each trace. */
export const patternHook = (layer: number) => blockHook(layer, 'attn.hook_pattern');
