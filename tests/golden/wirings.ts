import type { MissingCode, MissingPartName } from '../../src/core/missing-reasons';

/** A small GPT of `training/wirings.py`, and what Strata has to withdraw of each of its layers (or of all of it). */
export interface Wiring {
  /** Below tests/fixtures/wirings. */
  readonly name: string;
  /** For docs/layouts.md. */
  readonly title: string;
  readonly missing: Readonly<Partial<Record<MissingPartName, MissingCode>>>;
  /** Layers that lack it; both where nothing is said. */
  readonly layers?: readonly number[];
}

export const WIRINGS: readonly Wiring[] = [
  { name: 'conv1d-qkv', title: 'q, k, v from a convolution', missing: {} },
  { name: 'permuted-qkv', title: 'joint projection as [d, head, 3]', missing: {} },
  {
    name: 'dimension-first',
    title: 'projections as [d, head]',
    missing: { 'attn.hook_q': 'other-order', 'attn.hook_k': 'other-order', 'attn.hook_v': 'other-order' },
  },
  { name: 'keys-first', title: 'scores as k · q, turned', missing: {} },
  { name: 'einsum-keys-first', title: 'attention by einsum, operands exchanged', missing: {} },
  { name: 'mixed-heads', title: 'heads mixed by einsum', missing: { 'attn.hook_z': 'heads-mixed' } },
  { name: 'mixed-rows', title: 'heads mixed by a product', missing: { 'attn.hook_z': 'heads-mixed' } },
  {
    name: 'mixed-patterns',
    title: 'patterns mixed after the softmax',
    missing: { 'inside-attention': 'pattern-unused' },
  },
  { name: 'gated-heads', title: 'a gate before the output projection', missing: { W_O: 'scaled-heads' } },
  { name: 'normed-heads', title: 'a norm before the output projection', missing: { W_O: 'scaled-heads' } },
  { name: 'shared-values', title: 'values made of more than v', missing: { 'attn.hook_v': 'not-its-values' } },
  { name: 'two-maps', title: 'two softmaxes, one subtracted', missing: { 'inside-attention': 'several-softmaxes' } },
  { name: 'interleaved', title: 'key heads shared by turns', missing: { 'attn.hook_v': 'not-its-values' } },
  { name: 'windowed', title: 'a window of three, masked by −10⁹', missing: {} },
  { name: 'beside-convolution', title: 'a convolution added to attention', missing: { hook_attn_out: 'summed' } },
  {
    name: 'latent-attention',
    title: 'keys and values from one compressed vector, keys the wider ones',
    missing: { 'attn.hook_q': 'wider-than-values', 'attn.hook_k': 'wider-than-values' },
  },
  {
    name: 'expert-above',
    title: 'an MLP in one layer, one weighed by a gate in the next',
    missing: { 'mlp.hook_pre': 'experts', 'mlp.hook_post': 'experts' },
    layers: [1],
  },
  {
    name: 'wider-below',
    title: 'more neurons in one layer than in the next',
    missing: { 'mlp.hook_pre': 'other-width', 'mlp.hook_post': 'other-width' },
    layers: [1],
  },
  { name: 'bilinear', title: 'a gated MLP without activation', missing: { 'mlp.hook_pre': 'no-activation' } },
  { name: 'normed-mlp', title: 'a norm and a factor after the MLP', missing: {} },
  {
    name: 'shared-expert',
    title: 'an MLP weighed by a gate',
    missing: { 'mlp.hook_pre': 'experts', 'mlp.hook_post': 'experts' },
  },
  {
    name: 'mlp-and-linear',
    title: 'a linear map beside the MLP',
    missing: { 'mlp.hook_pre': 'experts', 'mlp.hook_post': 'experts' },
  },
  { name: 'permuted-vocabulary', title: 'vocabulary permuted after the unembedding', missing: {} },
  { name: 'cut-vocabulary', title: 'vocabulary cut after the unembedding', missing: {} },
  { name: 'padded-vocabulary', title: 'logits of −∞ on a padded vocabulary', missing: {} },
  { name: 'fewer-rows', title: 'fewer rows of token vectors than logits', missing: {} },
  { name: 'last-position-flat', title: 'logits of the last position only', missing: {} },
  { name: 'past-layers', title: 'logits with a part past all layers', missing: { anatomy: 'operator-before-logits' } },
];
