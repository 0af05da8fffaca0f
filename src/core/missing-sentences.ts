import type { MissingCode, MissingReason, ReasonDetails } from './missing-reasons';

type Sentence = (details: ReasonDetails) => string;
const inPercent = (details: ReasonDetails, name: string): string => `${(100 * Number(details[name])).toFixed(1)} %`;
const said = (details: ReasonDetails, name: string): string => String(details[name] ?? '?');

/** Kept apart from the codes, so that the page, which has words of its own, does not fetch them. */
const SENTENCES: Readonly<Record<MissingCode, Sentence>> = {
  // what keeps all of a model's inside from being recognised
  'tangled-graph': () => 'the graph was not recognised: it is too tangled to be followed',
  'no-output-product': () => 'the unembedding was not recognised: the output is not computed from a matrix product',
  'operator-before-logits': (d) =>
    `the unembedding was not recognised: there is a ${said(d, 'operator')} between it and the logits`,
  'two-factors': () => 'the unembedding was not recognised: the logits are a product of two activations',
  'vocabulary-unstated': (d) =>
    `the unembedding was not recognised: the size of its ${said(d, 'operator')} is not stated`,
  'no-token-table': () =>
    'the embedding was not recognised: no table of token vectors with a row for every logit is read by an input',
  'left-graph': () => 'the final norm was not recognised: the walk down from the logits left the graph',
  'operator-before-stream': (d) =>
    `the final norm was not recognised: there is a ${said(d, 'operator')} between the unembedding and the residual stream`,
  'two-streams': () => 'the final norm was not recognised: two independent activations meet in it',
  'stream-without-embedding': () =>
    'the residual stream was not recognised: it does not lead down to the token embedding',
  'several-streams': (d) =>
    `the residual stream was not recognised: this family keeps ${said(d, 'count')} streams side by side`,
  'per-layer-inputs': () =>
    'the residual stream was not recognised: in this family every layer is given a vector of its own for each token, beside the stream',
  'broken-stream': () => 'the residual stream was not recognised: it breaks off above a layer with attention',
  'no-layers': () => 'the residual stream was not recognised: it has no layers',
  'several-branches': (d) =>
    `the layer ${said(d, 'layer')} was not recognised: several branches of one kind are added at once`,
  'layer-without-mlp': (d) => `the layer ${said(d, 'layer')} was not recognised: it has no MLP`,
  'mlp-without-attention': (d) =>
    `the layer ${said(d, 'layer')} was not recognised: an MLP comes without attention before it`,
  'layer-count': (d) =>
    `the stack of layers was not recognised: config.json says ${said(d, 'stated')} layers, the file has ${said(d, 'found')}`,
  'head-count-unknown': () =>
    'the attention was not recognised: neither the file nor config.json says how many heads there are',
  'head-count': (d) =>
    `the attention was not recognised: config.json says ${said(d, 'stated')} heads, the file has ${said(d, 'found')}`,
  'uneven-heads': (d) =>
    `the attention was not recognised: config.json says ${said(d, 'stated')} heads, which do not share ${said(d, 'found')} numbers evenly`,
  // found only when it runs
  'value-count': (d) =>
    `${said(d, 'hook')} has ${said(d, 'found')} values instead of ${said(d, 'expected')}, so it is not what was looked for`,
  // what a single part lacks
  'pattern-unused': () => 'nothing multiplies its pattern with values',
  'several-softmaxes': (d) => `it has ${said(d, 'count')} softmaxes`,
  'fused-attention': (d) => `it is one fused operator, ${said(d, 'operator')}`,
  'foreign-attribute': (d) =>
    `it is one fused operator, ${said(d, 'operator')}, with an attribute that is not known: ${said(d, 'attribute')}`,
  convolution: () => 'this layer has a convolution in its place',
  'no-product': () => 'this layer has no matrix product in its place',
  'no-projection': () => 'its projection was not found',
  'other-width': (d) =>
    `it is ${said(d, 'found')} numbers wide here instead of ${said(d, 'expected')}: layers differ, or it is made in more than one step`,
  'wider-than-values': (d) =>
    `queries and keys have ${said(d, 'found')} numbers for each head here and values ${said(d, 'expected')}, as in latent attention, while a model has one width of heads in Strata`,
  'no-activation': () => 'the activation function was not found',
  experts: () => 'it is not one matrix into neurons and one out of them, as in a mixture of experts',
  'added-at-once': () => 'attention and MLP are added at once, so there is no stream between them',
  'no-patterns': () => 'no layer computes one',
  'heads-mixed': () => 'heads are mixed with each other before the output projection reads them',
  'scaled-heads': () =>
    'a gate or a norm stands between hook_z and the output projection, which therefore reads something else',
  summed: () => 'something else is added to what attention gives before it joins the stream',
  // what was recognised and does not agree with the file when it is run
  'logits-differ': (d) =>
    `what was recognised does not give the file’s own logits: they differ by ${inPercent(d, 'difference')} of their range`,
  'other-order': () => 'its numbers do not lie position by position and head by head',
  'row-sums': (d) => `its rows do not sum to 1 (one sums to ${said(d, 'found')})`,
  'not-its-values': () => 'the pattern times hook_v does not give hook_z',
  'not-its-output': (d) => `times ${said(d, 'weight')} it does not give ${said(d, 'hook')}`,
  'not-its-sum': (d) => `added to the stream before it, it does not give ${said(d, 'hook')}`,
};

/** English, as the end of a sentence: for logs, error messages and the command line. */
export function missingSentence({ code, details }: MissingReason): string {
  return SENTENCES[code](details);
}
