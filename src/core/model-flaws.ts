/** What is wrong with a file that should be a model: `details.flaw` of `malformed-model`; the page finds the words (`flaw.…`). */
export const MODEL_FLAWS = [
  // the protobuf encoding
  'field-number',
  'negative-length',
  'wire-type',
  'past-end',
  'cut-number',
  'long-number',
  'no-number',
  'no-float',
  'no-message',
  'no-numbers',
  'float-list',
  // the model and its graph
  'no-graph',
  'empty-graph',
  'no-operator-set',
  'too-many-parts',
  'too-many-functions',
  'too-deep',
  'no-branches',
  'no-operator',
  'made-twice',
  'made-by-nobody',
  'circle',
  // tensors
  'sparse',
  'tensor-dimensions',
  'shape-dimensions',
  'negative-dimension',
  'impossible-size',
  'wrong-size',
  'no-place',
  'outside-length',
  'beyond-end',
] as const;
export type ModelFlaw = (typeof MODEL_FLAWS)[number];
