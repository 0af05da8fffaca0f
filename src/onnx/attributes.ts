import type { OnnxAttribute, OnnxNode } from './onnx-model';

type Understood = (value: OnnxAttribute) => boolean;

const any: Understood = () => true;
const zero: Understood = ({ i }) => i === 0;
const none: Understood = ({ s }) => s === undefined || s === '' || s === 'NONE';

const PRODUCT = { alpha: any, transA: zero, transB: any };

/**
 * By domain and operator: the attributes that whoever reads such an operator here knows, and the values that it can
 * have. Operators that are only passed on to the runtime keep whatever they have.
 */
const UNDERSTOOD: Readonly<Record<string, Readonly<Record<string, Understood>>>> = {
  '.MatMul': {},
  '.Gemm': { ...PRODUCT, beta: any },
  '.MatMulInteger': {},
  'com.microsoft.FusedMatMul': { ...PRODUCT, transBatchA: zero, transBatchB: zero },
  'com.microsoft.FusedGemm': {
    ...PRODUCT,
    beta: any,
    activation: any,
    activation_alpha: any,
    activation_beta: any,
    activation_gamma: any,
  },
  'com.microsoft.MatMulIntegerToFloat': {},
  'com.microsoft.DynamicQuantizeMatMul': {},
  'com.microsoft.MatMulNBits': {
    K: any,
    N: any,
    bits: any,
    block_size: any,
    accuracy_level: any,
    weight_prepacked: zero,
  },
  'com.microsoft.SkipLayerNormalization': { epsilon: any },
  'com.microsoft.SkipSimplifiedLayerNormalization': { epsilon: any },
  'com.microsoft.BiasGelu': {},
  'com.microsoft.FastGelu': {},
  'com.microsoft.GroupQueryAttention': {
    num_heads: any,
    kv_num_heads: any,
    do_rotary: any,
    rotary_interleaved: any,
    scale: any,
    softcap: any,
    local_window_size: any,
    smooth_softmax: any,
    qk_output: zero,
    k_quant_type: none,
    v_quant_type: none,
    kv_cache_bit_width: zero,
  },
  // What is masked by a number of the file's own is masked by −∞ here.
  'com.microsoft.MultiHeadAttention': { num_heads: any, unidirectional: any, scale: any, mask_filter_value: any },
  'com.microsoft.Attention': {
    num_heads: any,
    unidirectional: any,
    qkv_hidden_sizes: any,
    scale: any,
    mask_filter_value: any,
    do_rotary: zero,
    rotary_embedding_dim: zero,
    past_present_share_buffer: any,
  },
  '.Attention': {
    is_causal: any,
    q_num_heads: any,
    kv_num_heads: any,
    scale: any,
    softcap: any,
    // Of an output that nobody may read.
    qk_matmul_output_mode: any,
    softmax_precision: any,
  },
};

/** The name of an attribute that is not known of this operator, or not with this value; undefined where there is none. */
export function foreignAttribute(node: OnnxNode): string | undefined {
  const known = UNDERSTOOD[`${node.domain}.${node.op}`];
  if (!known) return undefined;
  return node.attributes.find((attribute) => {
    const understood = Object.hasOwn(known, attribute.name) ? known[attribute.name] : undefined;
    return !understood?.(attribute);
  })?.name;
}
