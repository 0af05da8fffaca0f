import { fromBrain, fromHalf, tensorBytes, tensorValues } from './constants';
import type { GraphView } from './graph';
import { attribute, ElementType, intAttribute, type OnnxNode, type OnnxTensor } from './onnx-model';
import { sizeOf } from '../core/tensor';

/**
 * Numbers of a constant, decoded one at a time: a row of a large table costs no more than the row, and whatever stands
 * between the file and the number (conversion, transposition, quantisation) is a step on the way.
 */
export interface StoredValues {
  readonly dims: readonly number[];
  /** @param index Into the row-major order of `dims`. */
  at(index: number): number;
}

/** Most operators between a stored weight and its reader that are followed; exporters write one or two. */
const MAX_BEHIND = 16;

/** All numbers, as float32. */
export function allOf({ dims, at }: StoredValues): Float32Array {
  return Float32Array.from({ length: sizeOf(dims) }, (_, index) => at(index));
}

/** `[rows, columns]` seen as `[columns, rows]`. */
export function turned(values: StoredValues): StoredValues {
  const [rows = 1, columns = 1] = values.dims;
  return { dims: [columns, rows], at: (index) => values.at((index % rows) * columns + Math.floor(index / rows)) };
}

/**
 * The numbers of a constant behind Cast, Transpose, DequantizeLinear and arithmetic with further constants (as in
 * Gemma's `1 + w`). Undefined for what is not constant or stored in a way that is not known here.
 */
export function storedValues(view: GraphView, name: string, behind = 0): StoredValues | undefined {
  const tensor = view.constant(name);
  if (tensor) return tensorNumbers(view, tensor);
  const node = view.producer(name);
  const source = node?.inputs[0];
  if (!node || source === undefined || behind === MAX_BEHIND || node.outputs[0] !== name) return undefined;
  const of = (input: string): StoredValues | undefined => storedValues(view, input, behind + 1);
  switch (node.op) {
    case 'Cast':
    case 'Identity':
      return of(source);
    case 'Transpose': {
      const values = of(source);
      return values?.dims.length === 2 ? turned(values) : undefined;
    }
    case 'Unsqueeze':
    case 'Squeeze': {
      const values = of(source);
      const size = values && sizeOf(values.dims);
      return values && size === Math.max(1, ...values.dims) ? { dims: [size], at: values.at } : undefined;
    }
    case 'DequantizeLinear':
      return dequantised(view, node, of(source));
    case 'Slice':
      return sliced(view, node, of(source));
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return combined(node.op, of(source), of(node.inputs[1] ?? ''));
    default:
      return undefined;
  }
}

function tensorNumbers(view: GraphView, tensor: OnnxTensor): StoredValues | undefined {
  const { dims, elementType } = tensor;
  const kinds: readonly number[] = [ElementType.FLOAT, ElementType.FLOAT16, ElementType.BFLOAT16];
  if (!kinds.includes(elementType)) {
    const values = tensorValues(tensor, view.model.bytes, view.external);
    return values && { dims, at: (index) => values[index]! };
  }
  const bytes = tensorBytes(tensor, view.model.bytes, view.external);
  const width = elementType === ElementType.FLOAT ? 4 : 2;
  if (!bytes || bytes.length < sizeOf(dims) * width) return undefined;
  // In a file, numbers need not begin where a typed array could.
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 4) return { dims, at: (index) => data.getFloat32(4 * index, true) };
  const widened = elementType === ElementType.FLOAT16 ? fromHalf : fromBrain;
  return { dims, at: (index) => widened(data.getUint16(2 * index, true)) };
}

/** DequantizeLinear: one scale for all, one for each entry of an axis, or one for each block along it. */
function dequantised(view: GraphView, node: OnnxNode, source: StoredValues | undefined): StoredValues | undefined {
  const scale = storedValues(view, node.inputs[1] ?? '');
  const zero = node.inputs[2] ? storedValues(view, node.inputs[2]) : undefined;
  if (!source || !scale || (node.inputs[2] && !zero)) return undefined;
  const { dims } = source;
  const axis = (intAttribute(node, 'axis', 1) + dims.length) % dims.length;
  const size = dims[axis] ?? 1;
  const inner = sizeOf(dims.slice(axis + 1));
  const block = attribute(node, 'block_size')?.i || undefined;
  const blocks = block ? Math.ceil(size / block) : size;
  const count = sizeOf(scale.dims);
  const one = count === 1;
  if (!one && count !== (block ? blocks * (sizeOf(dims) / size) : size)) return undefined;
  const pick = (index: number): number => {
    if (one) return 0;
    const along = Math.floor(index / inner) % size;
    if (!block) return along;
    return (Math.floor(index / (inner * size)) * blocks + Math.floor(along / block)) * inner + (index % inner);
  };
  return {
    dims,
    at: (index) => {
      const at = pick(index);
      return (source.at(index) - (zero?.at(at) ?? 0)) * scale.at(at);
    },
  };
}

/** A part of a vector. */
function sliced(view: GraphView, node: OnnxNode, source: StoredValues | undefined): StoredValues | undefined {
  const [from] = view.numbers(node.inputs[1] ?? '') ?? [];
  const [to] = view.numbers(node.inputs[2] ?? '') ?? [];
  const [step = 1] = view.numbers(node.inputs[4] ?? '') ?? [];
  const size = source?.dims[0];
  if (!source || size === undefined || from === undefined || to === undefined || step !== 1) return undefined;
  if (source.dims.length !== 1 || from < 0 || from > size || to < from) return undefined;
  return { dims: [Math.min(to, size) - from], at: (index) => source.at(from + index) };
}

/** Entry by entry, where one of the two may be a single number or repeat along the leading dimensions. */
function combined(
  op: 'Add' | 'Sub' | 'Mul' | 'Div',
  left: StoredValues | undefined,
  right: StoredValues | undefined,
): StoredValues | undefined {
  if (!left || !right) return undefined;
  const [many, few] = sizeOf(left.dims) >= sizeOf(right.dims) ? [left, right] : [right, left];
  const period = sizeOf(few.dims);
  const trailing = many.dims.slice(many.dims.length - few.dims.length);
  if (period !== 1 && few.dims.some((dim, axis) => dim !== trailing[axis])) return undefined;
  const wrap = (values: StoredValues, index: number): number => values.at(values === few ? index % period : index);
  return {
    dims: many.dims,
    // The graph does this in single precision.
    at: (index) => {
      const [a, b] = left === right ? [left.at(index), left.at(index)] : [wrap(left, index), wrap(right, index)];
      return Math.fround(op === 'Add' ? a + b : op === 'Sub' ? a - b : op === 'Mul' ? a * b : a / b);
    },
  };
}
