import { configNumber } from '../config';
import { makeInt } from '../emit';
import { attribute, intAttribute, type OnnxNode } from '../model';
import { typeOr32, type Rewriter } from './rewriter';

/** Everything the plain form of attention needs; queries, keys and values are `[1, T, heads · d_head]`. */
interface AttentionParts {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly heads: number;
  readonly kvHeads: number;
  readonly d_head: number;
  /** Width of one head's values, where it differs. */
  readonly d_value: number;
  readonly scale: number;
  readonly softcap: number;
  readonly causal: boolean;
  /** −1: none. */
  readonly window: number;
  readonly bias: string | undefined;
  readonly output: string;
  readonly presentKey: string | undefined;
  readonly presentValue: string | undefined;
}

/**
 * Spells attention out as MatMul, scale, soft-cap, mask, Softmax, MatMul, so that scores, pattern and z are tensors.
 */
function plainAttention(rewriter: Rewriter, parts: AttentionParts): void {
  const { heads, kvHeads, d_head, d_value } = parts;
  const type = typeOr32(rewriter.view.elementType(parts.output));
  const split = (name: string, count: number, width: number, output?: string): string =>
    rewriter.transpose(rewriter.reshape(name, [0, 0, count, width]), [0, 2, 1, 3], output);
  const repeat = (name: string): string => {
    if (heads === kvHeads) return name;
    const owner = Array.from({ length: heads }, (_, head) => Math.floor((head * kvHeads) / heads));
    return rewriter.add('Gather', [name, rewriter.int64(owner)], [makeInt('axis', 1)]);
  };
  const q = split(parts.q, heads, d_head);
  const k = repeat(split(parts.k, kvHeads, d_head, parts.presentKey));
  const v = repeat(split(parts.v, kvHeads, d_value, parts.presentValue));
  let scores = rewriter.add('MatMul', [q, rewriter.transpose(k, [0, 1, 3, 2])]);
  scores = rewriter.add('Mul', [scores, rewriter.float(parts.scale, type)]);
  if (parts.softcap > 0) {
    const cap = rewriter.float(parts.softcap, type);
    scores = rewriter.add('Mul', [rewriter.add('Tanh', [rewriter.add('Div', [scores, cap])]), cap]);
  }
  if (parts.bias !== undefined) scores = rewriter.add('Add', [scores, parts.bias]);
  if (parts.causal) scores = rewriter.add('Add', [scores, rewriter.causalMask(parts.q, type, parts.window)]);
  const pattern = rewriter.add('Softmax', [scores], [makeInt('axis', -1)]);
  const z = rewriter.transpose(rewriter.add('MatMul', [pattern, v]), [0, 2, 1, 3]);
  rewriter.reshape(z, [0, 0, heads * d_value], parts.output);
}

const named = (name: string | undefined): string | undefined => (name === undefined || name === '' ? undefined : name);

/** Three parts of a joint `[1, T, …]` tensor. */
function splitJoint(rewriter: Rewriter, joint: string, sizes: readonly [number, number, number]): [string, string, string] {
  const parts: [string, string, string] = [rewriter.fresh(), rewriter.fresh(), rewriter.fresh()];
  rewriter.nodes.push({ op: 'Split', domain: '', inputs: [joint, rewriter.int64(sizes)], outputs: parts, attributes: [makeInt('axis', 2)] });
  return parts;
}

function headWidth(rewriter: Rewriter, query: string, joint: boolean, heads: number, kvHeads: number): number | undefined {
  const width = rewriter.lastDim(query);
  const divisor = joint ? heads + 2 * kvHeads : heads;
  if (width !== undefined && width % divisor === 0) return width / divisor;
  const stated = configNumber(rewriter.config, 'head_dim');
  const hidden = configNumber(rewriter.config, 'hidden_size', 'n_embd');
  return stated ?? (hidden !== undefined && hidden % heads === 0 ? hidden / heads : undefined);
}

/** com.microsoft.GroupQueryAttention; false when it uses something this form does not cover. */
export function groupQueryAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key, value, , , , , cos, sin, , bias, sink, qNorm] = node.inputs;
  const heads = intAttribute(node, 'num_heads', 0);
  const kvHeads = intAttribute(node, 'kv_num_heads', heads);
  const joint = named(key) === undefined;
  const d_head = headWidth(rewriter, query, joint, heads, kvHeads);
  if (!d_head || named(sink) || named(qNorm) || intAttribute(node, 'smooth_softmax', 0) === 1) return false;
  let [q, k, v] = joint
    ? splitJoint(rewriter, query, [heads * d_head, kvHeads * d_head, kvHeads * d_head])
    : [query, key ?? '', value ?? ''];
  if (intAttribute(node, 'do_rotary', 0) === 1) {
    if (named(cos) === undefined || named(sin) === undefined) return false;
    const half = rewriter.view.constant(cos ?? '')?.dims[1] ?? rewriter.lastDim(cos ?? '') ?? d_head / 2;
    const rotate = (name: string, count: number): string =>
      rewriter.add(
        'RotaryEmbedding',
        [name, rewriter.int64([0]), cos ?? '', sin ?? ''],
        [
          makeInt('interleaved', intAttribute(node, 'rotary_interleaved', 0)),
          makeInt('num_heads', count),
          ...(half * 2 === d_head ? [] : [makeInt('rotary_embedding_dim', half * 2)]),
        ],
        undefined,
        'com.microsoft',
      );
    q = rotate(q, heads);
    k = rotate(k, kvHeads);
  }
  const scale = attribute(node, 'scale')?.f ?? 0;
  plainAttention(rewriter, {
    q,
    k,
    v,
    heads,
    kvHeads,
    d_head,
    d_value: d_head,
    scale: scale === 0 ? 1 / Math.sqrt(d_head) : scale,
    softcap: attribute(node, 'softcap')?.f ?? 0,
    causal: true,
    window: intAttribute(node, 'local_window_size', -1),
    bias: named(bias),
    output: node.outputs[0]!,
    presentKey: named(node.outputs[1]),
    presentValue: named(node.outputs[2]),
  });
  return true;
}

/** com.microsoft.MultiHeadAttention with three-dimensional inputs. */
export function multiHeadAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key, value, bias, , attentionBias] = node.inputs;
  const heads = intAttribute(node, 'num_heads', 0);
  const d_head = headWidth(rewriter, query, false, heads, heads);
  if (!d_head || named(key) === undefined || named(value) === undefined) return false;
  const width = heads * d_head;
  const valueWidth = rewriter.lastDim(value ?? '') ?? width;
  if (rewriter.view.model.graph.values.some((info) => info.name === key && info.dims?.length === 4)) return false;
  const biases = named(bias);
  const withBias = (name: string, index: number): string => {
    if (biases === undefined) return name;
    const from = rewriter.int64([index * width]);
    const to = rewriter.int64([index === 2 ? 2 * width + valueWidth : (index + 1) * width]);
    return rewriter.add('Add', [name, rewriter.add('Slice', [biases, from, to, rewriter.int64([0])])]);
  };
  const scale = attribute(node, 'scale')?.f ?? 0;
  plainAttention(rewriter, {
    q: withBias(query, 0),
    k: withBias(key ?? '', 1),
    v: withBias(value ?? '', 2),
    heads,
    kvHeads: heads,
    d_head,
    d_value: valueWidth / heads,
    scale: scale === 0 ? 1 / Math.sqrt(d_head) : scale,
    softcap: 0,
    causal: intAttribute(node, 'unidirectional', 0) === 1,
    window: -1,
    bias: named(attentionBias),
    output: node.outputs[0]!,
    presentKey: named(node.outputs[1]),
    presentValue: named(node.outputs[2]),
  });
  return true;
}

/** com.microsoft.Attention: its own joint projection, then causal self-attention. */
export function jointAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [input = '', weight = '', bias, , , attentionBias] = node.inputs;
  const heads = intAttribute(node, 'num_heads', 0);
  const product = rewriter.add('MatMul', [input, weight]);
  const dims = rewriter.view.constant(weight)?.dims;
  const sizes = attribute(node, 'qkv_hidden_sizes')?.ints ?? (dims?.[1] ? [dims[1] / 3, dims[1] / 3, dims[1] / 3] : undefined);
  const [width, , valueWidth] = sizes ?? [];
  if (!width || !valueWidth || width % heads !== 0 || intAttribute(node, 'do_rotary', 0) === 1) return false;
  const joint = named(bias) === undefined ? product : rewriter.add('Add', [product, bias ?? '']);
  const [q, k, v] = splitJoint(rewriter, joint, [width, width, valueWidth]);
  const scale = attribute(node, 'scale')?.f ?? 0;
  plainAttention(rewriter, {
    q,
    k,
    v,
    heads,
    kvHeads: heads,
    d_head: width / heads,
    d_value: valueWidth / heads,
    scale: scale === 0 ? 1 / Math.sqrt(width / heads) : scale,
    softcap: 0,
    causal: intAttribute(node, 'unidirectional', 0) === 1,
    window: -1,
    bias: named(attentionBias),
    output: node.outputs[0]!,
    presentKey: undefined,
    presentValue: undefined,
  });
  return true;
}

/** The standard Attention operator (opset 23), with inputs of three or four dimensions. */
export function standardAttention(rewriter: Rewriter, node: OnnxNode): boolean {
  const [query = '', key = '', value = '', mask] = node.inputs;
  const rank = rewriter.view.model.graph.values.find((info) => info.name === query)?.dims?.length;
  const stated = intAttribute(node, 'q_num_heads', 0);
  const fourD = rank === 4 || stated === 0;
  const heads = stated || configNumber(rewriter.config, 'num_attention_heads', 'n_head') || 0;
  const kvHeads = intAttribute(node, 'kv_num_heads', 0) || (configNumber(rewriter.config, 'num_key_value_heads') ?? heads);
  const d_head = fourD ? (rewriter.lastDim(query) ?? configNumber(rewriter.config, 'head_dim')) : headWidth(rewriter, query, false, heads, kvHeads);
  if (!d_head || heads === 0 || intAttribute(node, 'softmax_precision', 0) > 1_000) return false;
  const flat = (name: string, count: number): string =>
    fourD ? rewriter.reshape(rewriter.transpose(name, [0, 2, 1, 3]), [0, 0, count * d_head]) : name;
  const scale = attribute(node, 'scale')?.f ?? 0;
  const output = fourD ? rewriter.fresh() : node.outputs[0]!;
  plainAttention(rewriter, {
    q: flat(query, heads),
    k: flat(key, kvHeads),
    v: flat(value, kvHeads),
    heads,
    kvHeads,
    d_head,
    d_value: d_head,
    scale: scale === 0 ? 1 / Math.sqrt(d_head) : scale,
    softcap: attribute(node, 'softcap')?.f ?? 0,
    causal: intAttribute(node, 'is_causal', 0) === 1,
    window: -1,
    bias: named(mask),
    output,
    presentKey: named(node.outputs[1]),
    presentValue: named(node.outputs[2]),
  });
  if (fourD) rewriter.transpose(rewriter.reshape(output, [0, 0, heads, d_head]), [0, 2, 1, 3], node.outputs[0]!);
  return true;
}

