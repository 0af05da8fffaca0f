import { StrataError, type ErrorDetails } from '../core/errors';
import type { ModelFlaw } from '../core/model-flaws';

type Sentence = string | ((details: ErrorDetails) => string);

/** In English, for logs and the command line; the page has words of its own. */
const SENTENCES: Readonly<Record<ModelFlaw, Sentence>> = {
  // the protobuf encoding
  'field-number': 'it has a field with an impossible number',
  'negative-length': 'a length is negative',
  'wire-type': (d) => `it uses the wire type ${String(d['type'])}`,
  'past-end': 'a length points past the end',
  'cut-number': 'a number is cut off',
  'long-number': 'a number is longer than ten bytes',
  'no-number': 'a number is stored as something else',
  'no-float': 'a float is stored as something else',
  'no-message': 'a message is stored as a number',
  'no-numbers': 'a list of numbers is stored as something else',
  'float-list': 'a list of floats has a broken length',
  // the model and its graph
  'no-graph': 'it holds no graph',
  'empty-graph': 'it holds an empty graph',
  'no-operator-set': 'it names no operator set',
  'too-many-parts': (d) => `its graph has more than ${Number(d['most']).toLocaleString('en')} parts`,
  'too-many-functions': 'it has too many parts',
  'too-deep': 'its graphs stand inside each other too deeply',
  'no-branches': 'an If has no branches',
  'no-operator': 'a node names no operator',
  'made-twice': 'a tensor is made twice',
  'made-by-nobody': 'a node reads a tensor that nobody makes',
  circle: 'its graph runs in a circle',
  // tensors
  sparse: 'it uses sparse tensors',
  'tensor-dimensions': 'a tensor has too many dimensions',
  'shape-dimensions': 'a shape has too many dimensions',
  'negative-dimension': 'a tensor has a negative dimension',
  'impossible-size': 'a tensor is impossibly large',
  'wrong-size': (d) => `a tensor says it holds ${String(d['values'])} values but stores ${String(d['bytes'])} bytes`,
  'no-place': 'a tensor does not say where its values are',
  'outside-length': 'a tensor outside the file has the wrong length',
  'beyond-end': (d) => `it asks for bytes beyond the end of “${String(d['file'])}”`,
};

/** The error for a file that is no readable model. */
export function malformed(flaw: ModelFlaw, details: ErrorDetails = {}): StrataError {
  const sentence = SENTENCES[flaw];
  const what = typeof sentence === 'string' ? sentence : sentence(details);
  return new StrataError('malformed-model', `This is not a readable ONNX file: ${what}.`, { flaw, ...details });
}
