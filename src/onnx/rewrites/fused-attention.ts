import { configNumber, statedWidth } from '../config';
import { makeInt } from '../emit';
import { attribute, intAttribute, type OnnxNode } from '../onnx-model';
import { BRANCHES, branchOf } from './branches';
import { plainAttention } from './plain-attention';
import { named, type Rewriter } from './rewriter';

/** No decoder has more heads; a file may say so. */
const MAX_HEADS = 4096;

/** True for numbers of heads that a decoder can have, the queries' being a multiple of the keys'. */
function plausible(heads: number, kvHeads = heads): boolean {
  return heads > 0 && heads <= MAX_HEADS && kvHeads > 0 && heads % kvHeads === 0;
}

/** `[1, T, count · d_head]` as `[1, count, T, d_head]`. */
function byHead(rewriter: Rewriter, name: string, count: number, width: number, output?: string): string {
  return rewriter.transpose(rewriter.reshape(name, [0, 0, count, width]), [0, 2, 1, 3], output);
}

/** Three parts of a joint `[1, T, …]` tensor. */
function splitJoint(
  rewriter: Rewriter,
  joint: string,
  widths: readonly [number, number, number],
): [string, string, string] {
  let from = 0;
  const part = (width: number): string => {
    const bounds = [from, from + width].map((bound) => rewriter.int64([bound]));
    from += width;
    return rewriter.add('Slice', [joint, ...bounds, rewriter.int64([2])]);
  };
  return [part(widths[0]), part(widths[1]), part(widths[2])];
}

function headWidth(
  rewriter: Rewriter,
  query: string,
  joint: boolean,
  heads: number,
  kvHeads: number,
): number | undefined {
  const width = rewriter.lastDim(query);
  const divisor = joint ? heads + 2 * kvHeads : heads;
  if (width !== undefined && width % divisor === 0) return width / divisor;
  const stated = configNumber(rewriter.config, 'head_dim');
  const hidden = statedWidth(rewriter.config);
  return stated ?? (hidden !== undefined && hidden % heads === 0 ? hidden / heads : undefined);
}

function scaleOf(node: OnnxNode, d_head: number): number {
  const scale = attribute(node, 'scale')?.f ?? 0;
  return scale === 0 ? 1 / Math.sqrt(d_head) : scale;
}

/** Columns of a table of cosines; where an `If` chooses between a short and a long one, of what its branches give. */
function tableWidth(rewriter: Rewriter, table: string): number | undefined {
  const { view } = rewriter;
  const stated = rewriter.lastDim(table);
  const node = view.producer(table);
  if (stated !== undefined || node?.op !== 'If') return stated;
  const widths = BRANCHES.map((name) => {
    const branch = branchOf(view.model, node, name);
    const output = branch?.outputs[node.outputs.indexOf(table)];
    const made = branch?.nodes.find((inner) => inner.op === 'Constant' && inner.outputs[0] === output?.name);
    return (made && attribute(made, 'value')?.t?.dims.at(-1)) ?? output?.dims?.at(-1);
  });
  const [first] = widths;
  return typeof first === 'number' && widths.every((width) => width === first) ? first : undefined;
}

/** com.microsoft.GroupQueryAttention; false when it uses something this form does not cover (quantised caches). */
export function groupQueryAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key = '', value = '', , , , , cos = '', sin = '', , bias, sink, ...further] = node.inputs;
  const heads = intAttribute(node, 'num_heads', 0);
  const kvHeads = intAttribute(node, 'kv_num_heads', 0) || heads;
  const joint = key === '';
  const rotary = intAttribute(node, 'do_rotary', 0) === 1;
  const d_head = plausible(heads, kvHeads) ? headWidth(rewriter, query, joint, heads, kvHeads) : undefined;
  if (!d_head || further.some(named) || (rotary && !(cos && sin))) return false;
  const [q, k, v] = joint
    ? splitJoint(rewriter, query, [heads * d_head, kvHeads * d_head, kvHeads * d_head])
    : [query, key, value];
  const half = tableWidth(rewriter, cos) ?? d_head / 2;
  const rotate = (name: string, count: number): string => {
    if (!rotary) return name;
    const attributes = [
      makeInt('interleaved', intAttribute(node, 'rotary_interleaved', 0)),
      makeInt('num_heads', count),
      ...(half * 2 === d_head ? [] : [makeInt('rotary_embedding_dim', half * 2)]),
    ];
    const inputs = [name, rewriter.int64([0]), cos, sin];
    return rewriter.add('RotaryEmbedding', inputs, attributes, undefined, 'com.microsoft');
  };
  plainAttention(rewriter, {
    q: byHead(rewriter, rotate(q, heads), heads, d_head),
    k: byHead(rewriter, rotate(k, kvHeads), kvHeads, d_head, named(node.outputs[1])),
    v: byHead(rewriter, v, kvHeads, d_head, named(node.outputs[2])),
    heads,
    kvHeads,
    scale: scaleOf(node, d_head),
    softcap: attribute(node, 'softcap')?.f ?? 0,
    causal: true,
    window: intAttribute(node, 'local_window_size', -1),
    biases: [named(bias)],
    sink: named(sink) ?? (intAttribute(node, 'smooth_softmax', 0) === 1 ? 0 : undefined),
    output: node.outputs[0]!,
    outputLayout: 'rows',
  });
  return true;
}

/**
 * Where a query may look according to an integer mask of ones: a mask per key leaves everything open, since prompts
 * are never padded; a mask per query and key may hold the causal triangle.
 */
function maskBias(
  rewriter: Rewriter,
  mask: string | undefined,
): { readonly covered: boolean; readonly perQuery?: string } {
  if (mask === undefined) return { covered: true };
  const rank = rewriter.dims(mask)?.length;
  if (rank === 1 || rank === 2) return { covered: true };
  return rank === 3 ? { covered: true, perQuery: mask } : { covered: false };
}

/** com.microsoft.MultiHeadAttention with three-dimensional queries, keys and values. */
export function multiHeadAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key, value, bias, mask, attentionBias] = node.inputs.map(named);
  const heads = intAttribute(node, 'num_heads', 0);
  const d_head = plausible(heads) && query ? headWidth(rewriter, query, false, heads, heads) : undefined;
  const { covered, perQuery } = maskBias(rewriter, mask);
  if (!d_head || !key || !value || !covered || rewriter.dims(key)?.length === 4) return false;
  const width = heads * d_head;
  const valueWidth = rewriter.lastDim(value) ?? width;
  if (valueWidth % heads !== 0) return false;
  const withBias = (name: string, index: number): string => {
    if (bias === undefined) return name;
    const from = rewriter.int64([index * width]);
    const to = rewriter.int64([index === 2 ? 2 * width + valueWidth : (index + 1) * width]);
    return rewriter.add('Add', [name, rewriter.add('Slice', [bias, from, to, rewriter.int64([0])])]);
  };
  plainAttention(rewriter, {
    q: byHead(rewriter, withBias(query, 0), heads, d_head),
    k: byHead(rewriter, withBias(key, 1), heads, d_head, named(node.outputs[1])),
    v: byHead(rewriter, withBias(value, 2), heads, valueWidth / heads, named(node.outputs[2])),
    heads,
    kvHeads: heads,
    scale: scaleOf(node, d_head),
    ...contribSettings(node),
    biases: [attentionBias, perQuery],
  });
  return true;
}

/** What MultiHeadAttention and Attention of com.microsoft have in common: no soft-cap, window or sink. */
function contribSettings(node: OnnxNode) {
  return {
    softcap: 0,
    causal: intAttribute(node, 'unidirectional', 0) === 1,
    window: -1,
    sink: undefined,
    output: node.outputs[0]!,
    outputLayout: 'rows',
  } as const;
}

/** com.microsoft.Attention: its own joint projection, then self-attention. */
export function jointAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [input, weight, bias, mask, , attentionBias] = node.inputs.map(named);
  const heads = intAttribute(node, 'num_heads', 0);
  const columns = weight && rewriter.dims(weight)?.[1];
  const sizes = attribute(node, 'qkv_hidden_sizes')?.ints ?? (columns ? [columns / 3, columns / 3, columns / 3] : []);
  const [width, , valueWidth] = sizes;
  const { covered, perQuery } = maskBias(rewriter, mask);
  if (!input || !weight || !width || !valueWidth || !plausible(heads) || !covered) return false;
  if (width % heads !== 0 || valueWidth % heads !== 0 || intAttribute(node, 'do_rotary', 0) === 1) return false;
  const product = rewriter.add('MatMul', [input, weight]);
  const joint = bias === undefined ? product : rewriter.add('Add', [product, bias]);
  const [q, k, v] = splitJoint(rewriter, joint, [width, width, valueWidth]);
  plainAttention(rewriter, {
    q: byHead(rewriter, q, heads, width / heads),
    k: byHead(rewriter, k, heads, width / heads),
    v: byHead(rewriter, v, heads, valueWidth / heads),
    heads,
    kvHeads: heads,
    scale: scaleOf(node, width / heads),
    ...contribSettings(node),
    biases: [attentionBias, perQuery],
  });
  return true;
}

/** The standard Attention operator (opset 23 and 24), with inputs of three or four dimensions. */
export function standardAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key = '', value = '', mask, , , filled] = node.inputs.map(named);
  const scores = named(node.outputs[3]);
  // A cache of fixed length that is only partly filled; scores that somebody reads.
  if (filled !== undefined || (scores !== undefined && rewriter.view.consumers(scores).length > 0)) return false;
  const statedHeads = intAttribute(node, 'q_num_heads', 0);
  const statedKv = intAttribute(node, 'kv_num_heads', 0) || statedHeads;
  const rows = statedHeads > 0;
  const heads = rows ? statedHeads : rewriter.dims(query)?.[1];
  const kvHeads = rows ? statedKv : rewriter.dims(key)?.[1];
  const d_head = rows
    ? headWidth(rewriter, query, false, statedHeads, statedKv)
    : (rewriter.lastDim(query) ?? configNumber(rewriter.config, 'head_dim'));
  if (!d_head || (heads !== undefined && !plausible(heads, kvHeads))) return false;
  const d_value = rows ? (rewriter.lastDim(value) ?? d_head * statedKv) / statedKv : d_head;
  if (!Number.isInteger(d_value)) return false;
  const open = (name: string, count: number, width: number, present?: string): string => {
    if (rows) return byHead(rewriter, name, count, width, present);
    if (present !== undefined) rewriter.add('Identity', [name], [], present);
    return name;
  };
  plainAttention(rewriter, {
    q: open(query, statedHeads, d_head),
    k: open(key, statedKv, d_head, named(node.outputs[1])),
    v: open(value, statedKv, d_value, named(node.outputs[2])),
    heads,
    kvHeads,
    scale: scaleOf(node, d_head),
    softcap: attribute(node, 'softcap')?.f ?? 0,
    causal: intAttribute(node, 'is_causal', 0) === 1,
    window: -1,
    biases: [mask],
    sink: undefined,
    output: node.outputs[0]!,
    outputLayout: rows ? 'rows' : 'heads',
  });
  return true;
}
