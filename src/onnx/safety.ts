import { StrataError } from '../core/errors';
import type { ExternalFiles } from './constants';
import { attribute, bytesPerElement, type OnnxModel, type OnnxNode } from './model';

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

/** Names come from the file: nothing but plain characters may reach a message. */
export function plainName(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N} ._:/\\-]/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 77)}…` : plain;
}

/**
 * Refuses what no decoder needs, before a session is made: operators that can run without end, foreign operator
 * sets, tensors outside their file, impossible sizes.
 * @throws StrataError `unsupported-model`, `model-too-large`, `malformed-model`, `missing-file`.
 */
export function checkSafety(model: OnnxModel, external: ExternalFiles): void {
  const { nodes, initializers } = model.graph;
  if (nodes.length === 0) throw new StrataError('malformed-model', 'The model file holds an empty graph.');
  if (nodes.length > MAX_NODES) {
    throw new StrataError(
      'model-too-large',
      `The model has ${nodes.length.toLocaleString('en')} nodes; the limit is ${MAX_NODES.toLocaleString('en')}.`,
      { nodes: nodes.length },
    );
  }
  nodes.forEach(checkNode);
  for (const tensor of [...initializers, ...nodes.flatMap((node) => attribute(node, 'value')?.t ?? [])]) {
    const width = bytesPerElement(tensor.elementType);
    const bytes = tensor.dims.reduce((product, dim) => product * dim, width ?? 1);
    if (bytes > MAX_TENSOR_BYTES) {
      throw new StrataError(
        'model-too-large',
        `One tensor of the model is larger than ${MAX_TENSOR_BYTES / 2 ** 30} GiB.`,
        { bytes },
      );
    }
    if (tensor.data.kind === 'external') checkExternal(tensor.data, external);
  }
}

function checkNode(node: OnnxNode): void {
  if (!DOMAINS.has(node.domain)) {
    throw new StrataError(
      'unsupported-model',
      `The model uses operators of the set “${plainName(node.domain)}”, which the runtime does not have.`,
      { operator: plainName(node.op) },
    );
  }
  if (REFUSED.has(node.op)) {
    throw new StrataError('unsupported-model', `The model uses the operator ${node.op}, which Strata does not run.`, {
      operator: node.op,
    });
  }
}

function checkExternal(data: { location: string; offset: number; length: number }, external: ExternalFiles): void {
  const name = plainName(data.location);
  const source = external.get(data.location);
  if (!source)
    throw new StrataError(
      'missing-file',
      `The model keeps weights in “${name}”, which is not among the chosen files.`,
      { file: name },
    );
  if (data.offset + data.length > source.length) {
    throw new StrataError('malformed-model', `The model asks for bytes beyond the end of “${name}”.`, { file: name });
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
