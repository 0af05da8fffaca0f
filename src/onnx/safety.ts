import { StrataError } from '../core/errors';
import { malformed } from './malformed';
import { plainName } from '../core/plain-text';
import type { ExternalFiles } from './constants';
import { bytesPerElement, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx-model';
import { scanGraph } from './scan';
import { unsupported } from './unsupported';
import { WireReader } from './wire';

/** Most nodes a decoder may have; GPT-2 exports have about 3,000, the largest seen 30,000. */
const MAX_NODES = 100_000;
/** Most bytes one constant made by an attribute-free operator may ask for. */
const MAX_TENSOR_BYTES = 4 * 2 ** 30;
const DOMAINS = new Set(['', 'com.microsoft']);
/** Operators that can run for hours or reach outside, none of which a decoder needs. */
const REFUSED = new Set([
  'Loop',
  'Scan',
  'SequenceMap',
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
  'ImageDecoder',
  'StringSplit',
  'RegexFullMatch',
  'TfIdfVectorizer',
  'BeamSearch',
  'GreedySearch',
  'Sampling',
  'WhisperBeamSearch',
  'PyOp',
  'EPContext',
]);

/** Graphs inside graphs (the branches of an `If`) deeper than this are nobody's decoder. */
const MAX_DEPTH = 8;

/**
 * Refuses what no decoder needs, before a session is made: operators that can run without end, foreign operator
 * sets, tensors outside their file, impossible sizes; in the graph and in every graph inside it.
 * @throws StrataError `unsupported-model`, `model-too-large`, `malformed-model`, `missing-file`.
 */
export function checkSafety(model: OnnxModel, external: ExternalFiles): void {
  if (model.graph.nodes.length === 0) throw malformed('empty-graph');
  checkFunctions(model);
  let count = 0;
  const reader = new WireReader(model.bytes);
  const visit = ({ nodes, initializers }: OnnxGraph, depth: number): void => {
    count += nodes.length;
    checkCount(count);
    for (const tensor of initializers) checkTensor(tensor, external);
    for (const node of nodes) {
      checkNode(node);
      for (const { t, graph } of node.attributes) {
        if (t) checkTensor(t, external);
        if (!graph) continue;
        if (depth === MAX_DEPTH) throw malformed('too-deep');
        visit(scanGraph(reader, graph[0], graph[1]), depth + 1);
      }
    }
  };
  visit(model.graph, 0);
}

function checkCount(nodes: number): void {
  if (nodes <= MAX_NODES) return;
  throw new StrataError(
    'model-too-large',
    `The model has ${nodes.toLocaleString('en')} nodes; the limit is ${MAX_NODES.toLocaleString('en')}.`,
    { reason: 'nodes', nodes, most: MAX_NODES },
  );
}

/** Functions of the file itself may be there (exporters leave them), as long as no operator set means them. */
function checkFunctions({ functions }: OnnxModel): void {
  for (const body of functions) {
    const reader = new WireReader(body);
    let domain = '';
    for (const field of reader.fields(0, body.length)) if (field.number === 10) domain = reader.text(field);
    if (DOMAINS.has(domain) || domain === 'ai.onnx') {
      throw unsupported('own-operator');
    }
  }
}

function checkTensor(tensor: OnnxTensor, external: ExternalFiles): void {
  const bytes = tensor.dims.reduce((product, dim) => product * dim, bytesPerElement(tensor.elementType) ?? 1);
  if (bytes > MAX_TENSOR_BYTES) {
    throw new StrataError(
      'model-too-large',
      `One tensor of the model is larger than ${MAX_TENSOR_BYTES / 2 ** 30} GiB.`,
      { reason: 'tensor', bytes },
    );
  }
  if (tensor.data.kind === 'external') checkExternal(tensor.data, external);
}

function checkNode(node: OnnxNode): void {
  if (!DOMAINS.has(node.domain)) {
    throw unsupported('operator-set', node.domain);
  }
  if (REFUSED.has(node.op)) throw unsupported('operator', node.op);
}

function checkExternal(data: { location: string; offset: number; length: number }, external: ExternalFiles): void {
  const name = plainName(data.location);
  const source = external.get(data.location);
  if (!source)
    throw new StrataError(
      'missing-file',
      `The model keeps weights in “${name}”, which is not among the chosen files.`,
      { reason: 'weights', file: name },
    );
  if (data.offset + data.length > source.length) {
    throw malformed('beyond-end', { file: name });
  }
}

/** How often each operator occurs, most frequent first; contrib operators with their domain. */
export function operatorCounts(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const name = plainName(node.domain === '' ? node.op : `${node.domain}.${node.op}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
