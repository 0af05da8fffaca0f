import type { Tensor } from './tensor';

/**
 * Weights of the whole model, named as in TransformerLens.
 *
 * | name | shape | |
 * |---|---|---|
 * | `W_E` | `[d_vocab, d_model]` | rows as `hook_embed` holds them: a constant scale (Gemma's √d_model) is in them |
 * | `W_pos` | `[positions, d_model]` | learned positions, as the table lies: row i for the position id i. OPT's ids begin at 2 |
 * | `ln_final.w`, `ln_final.b` | `[d_model]` | |
 * | `W_U` | `[d_model, d_vocab]` | |
 * | `b_U` | `[d_vocab]` | |
 *
 * What stands between `x · W_U + b_U` and the logits (a soft-cap, a scale) is not folded into either.
 */
export const MODEL_WEIGHTS = ['W_E', 'W_pos', 'ln_final.w', 'ln_final.b', 'W_U', 'b_U'] as const;
export type ModelWeight = (typeof MODEL_WEIGHTS)[number];

/**
 * Weights of one layer, named as in TransformerLens.
 *
 * | name | shape | |
 * |---|---|---|
 * | `W_Q`, `b_Q` | `[head, d_model, d_head]`, `[head, d_head]` | `hook_q = norm(x) · W_Q + b_Q` |
 * | `W_K`, `b_K`, `W_V`, `b_V` | `[kv_head, d_model, d_head]`, `[kv_head, d_head]` | |
 * | `W_O`, `b_O` | `[head, d_head, d_model]`, `[d_model]` | before a post-norm or a factor |
 * | `W_in`, `b_in` | `[d_model, d_mlp]`, `[d_mlp]` | in a gated MLP the factor without activation function |
 * | `W_gate`, `b_gate` | `[d_model, d_mlp]`, `[d_mlp]` | of gated MLPs: `mlp.hook_pre = norm(x) · W_gate + b_gate` |
 * | `W_out`, `b_out` | `[d_mlp, d_model]`, `[d_model]` | before a post-norm or a factor |
 * | `ln1.w`, `ln1.b` | `[d_model]` | the norm before attention |
 * | `ln1_post.w`, `ln1_post.b` | `[d_model]` | the norm between attention and the stream (Gemma, OLMo 2) |
 * | `ln2.w`, `ln2.b` | `[d_model]` | the norm before the MLP; the same as `ln1` where both read one norm (Phi) |
 * | `ln2_post.w`, `ln2_post.b` | `[d_model]` | the norm between the MLP and the stream |
 *
 * Gains are what the norm multiplies by: where a model stores `w` and multiplies by `1 + w` (Gemma), it is `1 + w`.
 */
export const LAYER_WEIGHTS = [
  'ln1.w',
  'ln1.b',
  'W_Q',
  'b_Q',
  'W_K',
  'b_K',
  'W_V',
  'b_V',
  'W_O',
  'b_O',
  'ln1_post.w',
  'ln1_post.b',
  'ln2.w',
  'ln2.b',
  'W_gate',
  'b_gate',
  'W_in',
  'b_in',
  'W_out',
  'b_out',
  'ln2_post.w',
  'ln2_post.b',
] as const;
export type LayerWeight = (typeof LAYER_WEIGHTS)[number];

export const MISSING_WEIGHT_REASONS = [
  /** This model has none: no bias, no norm at that place. It counts as zero (a gain as one). */
  'not-in-model',
  /** The model's anatomy is not known. */
  'no-anatomy',
  /** There is no such layer. */
  'no-layer',
  /** The part of the layer that would hold it was not found, or is something else (a convolution, experts). */
  'no-part',
  /** It lies in a joint matrix, and which columns are its own was not found. */
  'joint',
  /** The model uses it only together with a further matrix (OPT-350m, BERT's head). */
  'factored',
  /** It is stored in a format that is not read. */
  'format',
] as const;
export type MissingWeightReason = (typeof MISSING_WEIGHT_REASONS)[number];

/** A weight that cannot be read, and why. */
export interface MissingWeight {
  readonly missing: ModelWeight | LayerWeight;
  /** Absent for weights of the whole model. */
  readonly layer?: number;
  readonly reason: MissingWeightReason;
}

/** Reads a model's weights from its file, found by anatomy, dequantised to float32. */
export interface WeightReader {
  ofModel(name: ModelWeight): Tensor | MissingWeight;
  ofLayer(layer: number, name: LayerWeight): Tensor | MissingWeight;
  /**
   * `[ids, d_model]`: rows of the embedding or columns of the unembedding, one for each token, without decoding the rest.
   * @throws RangeError for an id that has none.
   */
  rowsOf(name: 'W_E' | 'W_U', ids: readonly number[]): Tensor | MissingWeight;
}

export function isMissing(found: Tensor | MissingWeight): found is MissingWeight {
  return 'missing' in found;
}
