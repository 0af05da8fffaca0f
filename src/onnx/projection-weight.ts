import { blockwiseProduct } from './blockwise';
import type { GraphView } from './graph';
import { attribute, intAttribute, type OnnxNode } from './onnx-model';
import { isTransposed, projectionDims, projectionEnd } from './projection';
import { storedValues, turned, type StoredValues } from './stored-values';
import { sizeOf } from '../core/tensor';

/** A projection's weight `[in, out]`, dequantised. Undefined for formats this reader does not know. */
export function projectionWeight(view: GraphView, node: OnnxNode): StoredValues | undefined {
  const dims = projectionDims(view, node);
  if (!dims || intAttribute(node, 'transA', 0) === 1 || intAttribute(node, 'transBatchB', 0) === 1) return undefined;
  if (node.op === 'MatMulNBits') {
    const rows = blockwiseProduct(view, node);
    return rows && turned(rows);
  }
  const stored = storedWeight(view, node);
  if (!stored || sizeOf(stored.dims) !== dims[0] * dims[1]) return undefined;
  const alpha = attribute(node, 'alpha')?.f ?? 1;
  const values = isTransposed(node) ? turned(stored) : stored;
  return alpha === 1 ? values : { dims: values.dims, at: (index) => alpha * values.at(index) };
}

function storedWeight(view: GraphView, node: OnnxNode): StoredValues | undefined {
  const weight = storedValues(view, node.inputs[1] ?? '');
  const { inputs } = node;
  switch (node.op) {
    case 'MatMulInteger':
      return rescaled(view, weight, weightScale(view, node), inputs[3]);
    case 'MatMulIntegerToFloat':
      return rescaled(view, weight, inputs[3], inputs[5]);
    case 'DynamicQuantizeMatMul':
      return rescaled(view, weight, inputs[2], inputs[3]);
    default:
      return weight;
  }
}

/** MatMulInteger keeps the weight's scale in a later Mul, joined with the activation's. */
function weightScale(view: GraphView, node: OnnxNode): string | undefined {
  const joined = view.producer(projectionEnd(view, node).rescaledBy ?? '');
  return joined?.op === 'Mul' ? joined.inputs.find((input) => view.isConstant(input)) : undefined;
}

/** Whole numbers `[in, out]` back to floats: one scale and zero for all, or one for each column. */
function rescaled(
  view: GraphView,
  weight: StoredValues | undefined,
  scaleName: string | undefined,
  zeroName: string | undefined,
): StoredValues | undefined {
  const columns = weight?.dims[1];
  const scale = storedValues(view, scaleName ?? '');
  const zero = zeroName ? storedValues(view, zeroName) : undefined;
  if (!weight || !scale || columns === undefined || (zeroName && !zero)) return undefined;
  const fits = (values: StoredValues): boolean => [1, columns].includes(sizeOf(values.dims));
  if (!fits(scale) || (zero && !fits(zero))) return undefined;
  const of = (values: StoredValues, index: number): number =>
    values.at(sizeOf(values.dims) === 1 ? 0 : index % columns);
  return {
    dims: weight.dims,
    at: (index) => (weight.at(index) - (zero ? of(zero, index) : 0)) * of(scale, index),
  };
}

/** Where operators keep the bias that they add themselves. */
const BIAS_INPUT: Readonly<Record<string, number>> = {
  Gemm: 2,
  FusedGemm: 2,
  MatMulNBits: 5,
  MatMulIntegerToFloat: 6,
  DynamicQuantizeMatMul: 4,
};

/** A projection's bias `[out]`: `none` where there is none, undefined where it is not understood. */
export function projectionBias(view: GraphView, node: OnnxNode): StoredValues | 'none' | undefined {
  const columns = projectionDims(view, node)?.[1];
  const own = node.inputs[BIAS_INPUT[node.op] ?? -1];
  const names = [...(own ? [own] : []), ...projectionEnd(view, node).added];
  if (names.length === 0) return 'none';
  const [bias] = names;
  const values = storedValues(view, bias!);
  if (names.length > 1 || !values || sizeOf(values.dims) !== columns) return undefined;
  const beta = bias === own ? (attribute(node, 'beta')?.f ?? 1) : 1;
  return { dims: [columns], at: (index) => beta * values.at(index) };
}
