import { StrataError } from '../core/errors';
import type { GraphView } from './graph';
import { foreignReason } from './inputs';
import { bytesPerElement, isFloat, type OnnxNode, type OnnxTensor, type ValueInfo } from './onnx-model';
import { unsupported } from './unsupported';

/** What a file may leave open about its caches; from the recognised anatomy and config.json. */
export interface CacheSizes {
  readonly d_head: number;
  readonly d_model: number;
  /** Number of earlier tokens a short convolution keeps. */
  readonly convolution: number | undefined;
}

/** Caches before the first token: constants in the place of inputs. */
export interface Caches {
  readonly tensors: readonly OnnxTensor[];
  readonly names: ReadonlySet<string>;
  /** Those of length zero, to which keys and values are appended; the others are states of zeros. */
  readonly empty: ReadonlySet<string>;
}

/** Keys and values of earlier tokens, as exporters call them. */
const GROWING = /(^|[._])past([._\d]|$)|(^|[._])(key|value|kv|k|v)_?caches?([._\d]|$)|(^|[._])caches?([._\d]|$)/i;
/** States of one size, whatever came before: of short convolutions and recurrent layers. */
const STATE = /(conv|ssm|recurrent|rnn)(_?states?|_?caches?|[._]?\d)|past_(conv|ssm|recurrent|rnn)/i;
const MAX_STATE_BYTES = 64 * 2 ** 20;

/** Operators with a cache of their own, and where it stands among their inputs. */
const CACHE_SLOTS: Readonly<Record<string, readonly number[]>> = {
  'com.microsoft.GroupQueryAttention': [3, 4],
  'com.microsoft.MultiHeadAttention': [6, 7],
  'com.microsoft.DecoderMaskedMultiHeadAttention': [5, 6],
  'com.microsoft.Attention': [4],
  '.Attention': [4, 5],
};
const PASSING = new Set([
  'Cast',
  'Identity',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Split',
  'Slice',
  'Gather',
]);

/** Which inputs hold what earlier tokens left behind: by name, or by being appended to and given back. */
function cachesAmong(view: GraphView, inputs: readonly ValueInfo[]): readonly ValueInfo[] {
  const outputs = new Set(view.model.graph.outputs.map(({ name }) => name));
  return inputs.filter((input) => {
    if (!isFloat(input.elementType) || foreignReason(input.name) !== undefined) return false;
    if (input.dims !== undefined && input.dims.length < 3) return false;
    return STATE.test(input.name) || GROWING.test(input.name) || isAppendedTo(view, input.name, outputs);
  });
}

/** True for keys and values that new ones are appended to, and that the model gives back for the next token. */
function isAppendedTo(view: GraphView, name: string, outputs: ReadonlySet<string>): boolean {
  return [...carried(view, [name])].some((at) =>
    view.consumers(at).some((node) => {
      const slots = CACHE_SLOTS[`${node.domain}.${node.op}`];
      if (slots) return slots.some((slot) => node.inputs[slot] === at);
      const joined = node.outputs[0];
      if (node.op !== 'Concat' || joined === undefined) return false;
      const fresh = node.inputs.some((input) => input !== at && !view.isConstant(input));
      return fresh && [...carried(view, [joined])].some((after) => outputs.has(after));
    }),
  );
}

/** The tensors and what only reorders them. */
function carried(view: GraphView, names: Iterable<string>): Set<string> {
  const found = new Set(names);
  for (const at of found) {
    for (const node of view.consumers(at)) {
      if (!PASSING.has(node.op) || node.inputs[0] !== at) continue;
      for (const output of node.outputs) if (output !== '') found.add(output);
    }
  }
  return found;
}

/**
 * Caches as they are before the first token.
 * @param inputs Graph inputs that are read.
 * @throws StrataError `unsupported-model` for caches that cannot be empty or whose size nobody states.
 */
export function bindCaches(view: GraphView, inputs: readonly ValueInfo[], sizes: CacheSizes): Caches {
  const tensors: OnnxTensor[] = [];
  const empty = new Set<string>();
  const caches = cachesAmong(view, inputs);
  for (const input of caches) {
    const state = STATE.test(input.name);
    const dims = state ? stateDims(input, sizes) : emptyDims(input, sizes.d_head);
    const { name, elementType } = input;
    tensors.push({ name, elementType, dims, data: { kind: 'bytes', bytes: zeros(dims, elementType) } });
    if (!state) empty.add(name);
  }
  return { tensors, names: new Set(caches.map(({ name }) => name)), empty };
}

function stated(dim: number | string | undefined): number | undefined {
  return typeof dim === 'number' && dim > 0 ? dim : undefined;
}

/** `[batch, head, pos, d_head]` in any order, `pos` being zero. */
function emptyDims({ name, dims = [undefined, undefined, undefined, undefined] }: ValueInfo, d_head: number): number[] {
  const found = dims.map((dim, axis) => {
    const size = stated(dim);
    if (size !== undefined) return size;
    if (typeof dim === 'string' && /past|seq|len|total/i.test(dim)) return 0;
    if (axis === 0 || (typeof dim === 'string' && /batch/i.test(dim))) return 1;
    return axis === 3 && dims.length === 4 ? d_head : 0;
  });
  if (!found.includes(0)) throw unsupported('fixed-cache', name);
  return found;
}

/** `[batch, d_model, kept]` of a convolution, or whatever the file states. */
function stateDims({ name, dims = [] }: ValueInfo, { d_model, convolution }: CacheSizes): number[] {
  const usual = /conv/i.test(name) ? [1, d_model, convolution] : [1];
  const found = dims.map((dim, axis) => stated(dim) ?? (axis === 0 ? 1 : usual[axis]));
  if (found.length === 0 || found.some((dim) => !dim)) throw unsupported('input', name);
  return found as number[];
}

function zeros(dims: readonly number[], elementType: number): Uint8Array {
  const bytes = dims.reduce((product, dim) => product * dim, bytesPerElement(elementType) ?? 4);
  if (bytes <= MAX_STATE_BYTES) return new Uint8Array(bytes);
  throw new StrataError('model-too-large', 'The model keeps a state that is too large.', { reason: 'state', bytes });
}

/** The nodes with what is appended to an empty cache standing alone: no operator has to join tensors of length zero. */
export function withoutAppending(view: GraphView, { empty }: Caches): readonly OnnxNode[] {
  const nothing = carried(view, empty);
  if (nothing.size === 0) return view.nodes;
  return view.nodes.map((node) => {
    if (node.op !== 'Concat' || !node.inputs.some((input) => nothing.has(input))) return node;
    const fresh = node.inputs.filter((input) => !nothing.has(input));
    return fresh.length === 1
      ? { op: 'Identity', domain: '', inputs: fresh, outputs: node.outputs, attributes: [] }
      : node;
  });
}
