import { fromHalf, tensorBytes, tensorValues } from './constants';
import type { GraphView } from './graph';
import { attribute, ElementType, intAttribute, type OnnxNode, type OnnxTensor } from './onnx-model';

const PROJECTIONS = new Set([
  'MatMul',
  'Gemm',
  'FusedMatMul',
  'FusedGemm',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'MatMulNBits',
]);

/** True for a matrix product of an activation with a weight. */
export function isProjection(view: GraphView, node: OnnxNode): boolean {
  const [activation, weight] = node.inputs;
  return (
    PROJECTIONS.has(node.op) &&
    activation !== undefined &&
    weight !== undefined &&
    view.isConstant(weight) &&
    !view.isConstant(activation)
  );
}

/** `[in, out]` of a projection's weight; undefined when the file does not say. */
export function projectionDims(view: GraphView, node: OnnxNode): [number, number] | undefined {
  if (node.op === 'MatMulNBits') {
    const size: [number, number] = [intAttribute(node, 'K', 0), intAttribute(node, 'N', 0)];
    return size[0] > 0 && size[1] > 0 ? size : undefined;
  }
  const dims = constantDims(view, node.inputs[1] ?? '');
  if (dims?.length !== 2) return undefined;
  const [first, second] = dims as [number, number];
  return isTransposed(node) ? [second, first] : [first, second];
}

function isTransposed(node: OnnxNode): boolean {
  return intAttribute(node, 'transB', 0) === 1;
}

/** Most operators between a stored weight and its product that are followed; exporters write one or two. */
const MAX_BEHIND = 16;

/** Shape of a constant behind Cast, Transpose and dequantisation. */
export function constantDims(view: GraphView, name: string, behind = 0): readonly number[] | undefined {
  const tensor = view.constant(name);
  if (tensor) return tensor.dims;
  const node = view.producer(name);
  const source = node?.inputs[0];
  if (!node || source === undefined || behind === MAX_BEHIND) return undefined;
  const dims = constantDims(view, source, behind + 1);
  if (node.op === 'Transpose') {
    const perm = attribute(node, 'perm')?.ints;
    return dims && (perm ? perm.map((axis) => dims[axis] ?? 0) : [...dims].reverse());
  }
  return ['Cast', 'Identity', 'DequantizeLinear'].includes(node.op) ? dims : undefined;
}

/**
 * From a projection's product to its complete result: over the conversion back from whole numbers and over the
 * bias. Stops before anything is reshaped, split or activated.
 */
export function projectionResult(view: GraphView, projection: OnnxNode): string {
  let at = projection.outputs[0]!;
  let dequantising = projection.op === 'MatMulInteger';
  for (;;) {
    const readers = view.consumers(at).filter((node) => node.op !== 'Shape');
    const next = readers[0];
    if (readers.length !== 1 || !next?.outputs[0]) return at;
    const other = next.inputs.find((input) => input !== at) ?? '';
    if (next.op === 'Cast' && dequantising) at = next.outputs[0];
    else if (next.op === 'Mul' && dequantising) {
      dequantising = false;
      at = next.outputs[0];
    } else if (next.op === 'Add' && view.isConstant(other)) at = next.outputs[0];
    else return at;
  }
}

/** The matrix product that a tensor comes from, over whatever splits, shapes, scales or shifts it. */
export function projectionBehind(view: GraphView, name: string): OnnxNode | undefined {
  for (let at = name; ;) {
    const node = view.producer(at);
    if (!node || isProjection(view, node)) return node;
    const next = node.inputs.find((input) => input !== '' && !view.isConstant(input));
    if (next === undefined) return undefined;
    at = next;
  }
}

/** The floating-point activation a projection reads, behind reshapes, casts and dynamic quantisation. */
export function projectionInput(view: GraphView, projection: OnnxNode): string {
  let at = projection.inputs[0]!;
  for (;;) {
    const node = view.producer(at);
    const pass = node && ['Cast', 'Identity', 'Reshape', 'Dropout', 'DynamicQuantizeLinear'].includes(node.op);
    if (!pass || !node.inputs[0]) return at;
    at = node.inputs[0];
  }
}

/**
 * A projection's weight as float32 `[in, out]`, dequantised. Undefined for layouts this reader does not know.
 */
export function readWeight(
  view: GraphView,
  node: OnnxNode,
): { dims: [number, number]; data: Float32Array } | undefined {
  const dims = projectionDims(view, node);
  if (!dims) return undefined;
  if (node.op === 'MatMulNBits') {
    const data = readBlockwise(view, node, dims);
    return data && { dims, data };
  }
  const data = node.op === 'MatMulInteger' ? readInteger(view, node) : readConstant(view, node.inputs[1] ?? '')?.data;
  if (!data || data.length !== dims[0] * dims[1]) return undefined;
  return { dims, data: isTransposed(node) ? transposed(data, dims[1], dims[0]) : data };
}

/** `[rows, columns]` to `[columns, rows]`. */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]!;
  }
  return out;
}

function floats(view: GraphView, tensor: OnnxTensor): Float32Array | undefined {
  const { bytes: file } = view.model;
  const bytes = tensorBytes(tensor, file, view.external);
  if (!bytes) return undefined;
  if (tensor.elementType === ElementType.FLOAT) return new Float32Array(bytes.slice().buffer);
  if (tensor.elementType === ElementType.FLOAT16) {
    return Float32Array.from(new Uint16Array(bytes.slice().buffer), fromHalf);
  }
  const values = tensorValues(tensor, file, view.external);
  return values && Float32Array.from(values);
}

/** Values of a constant behind Cast, Transpose and DequantizeLinear (per tensor or per axis). */
export function readConstant(
  view: GraphView,
  name: string,
  behind = 0,
): { dims: number[]; data: Float32Array } | undefined {
  const tensor = view.constant(name);
  if (tensor) {
    const data = floats(view, tensor);
    return data && { dims: [...tensor.dims], data };
  }
  const node = view.producer(name);
  if (node?.inputs[0] === undefined || behind === MAX_BEHIND) return undefined;
  const source = readConstant(view, node.inputs[0], behind + 1);
  if (!source) return undefined;
  if (node.op === 'Cast' || node.op === 'Identity') return source;
  if (node.op === 'Transpose' && source.dims.length === 2) {
    const [rows, columns] = source.dims as [number, number];
    return { dims: [columns, rows], data: transposed(source.data, rows, columns) };
  }
  if (node.op !== 'DequantizeLinear') return undefined;
  const scale = readConstant(view, node.inputs[1] ?? '');
  const zero = node.inputs[2] ? readConstant(view, node.inputs[2]) : undefined;
  if (!scale || attribute(node, 'block_size')?.i) return undefined;
  const axis = (intAttribute(node, 'axis', 1) + source.dims.length) % source.dims.length;
  const inner = source.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const pick = (index: number): number =>
    scale.data.length === 1 ? 0 : Math.floor(index / inner) % (source.dims[axis] ?? 1);
  const data = source.data.map((value, index) => (value - (zero?.data[pick(index)] ?? 0)) * scale.data[pick(index)]!);
  return { dims: source.dims, data };
}

/** MatMulInteger keeps the weight's scale in a later Mul; per tensor or per column. */
function readInteger(view: GraphView, node: OnnxNode): Float32Array | undefined {
  const weight = readConstant(view, node.inputs[1] ?? '');
  const zero = node.inputs[3] ? readConstant(view, node.inputs[3]) : undefined;
  const cast = view.consumers(node.outputs[0]!)[0];
  const scaling = cast && view.consumers(cast.outputs[0]!)[0];
  const product = scaling && view.producer(scaling.inputs.find((input) => input !== cast.outputs[0]) ?? '');
  const name = product?.inputs.find((input) => view.isConstant(input));
  const scale = name === undefined ? undefined : readConstant(view, name);
  const columns = weight?.dims[1];
  if (!weight || !scale || columns === undefined) return undefined;
  return weight.data.map((value, index) => {
    const column = index % columns;
    const offset = zero ? zero.data[zero.data.length === 1 ? 0 : column]! : 0;
    return (value - offset) * scale.data[scale.data.length === 1 ? 0 : column]!;
  });
}

/**
 * MatMulNBits (com.microsoft): blocks along the input, `[out, blocks, block bytes]`, low bits first. Scales (and zero
 * points that are floats) may be stored in half precision behind a Cast.
 */
function readBlockwise(view: GraphView, node: OnnxNode, dims: [number, number]): Float32Array | undefined {
  const bits = intAttribute(node, 'bits', 4);
  const size = intAttribute(node, 'block_size', 32);
  const packed = view.constant(node.inputs[1] ?? '');
  const bytes = packed && tensorBytes(packed, view.model.bytes, view.external);
  const scale = readConstant(view, node.inputs[2] ?? '')?.data;
  const [rows, columns] = dims;
  const blocks = Math.ceil(rows / size);
  if (!bytes || (bits !== 4 && bits !== 8) || node.inputs[4] || scale?.length !== columns * blocks) return undefined;
  const zeroOf = zeroPoints(view, node.inputs[3] ?? '', bits, blocks);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  if (!zeroOf || bytes.length < columns * blocks * (size / perByte)) return undefined;
  const out = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const block = Math.floor(row / size);
      const within = row % size;
      const byte = bytes[(column * blocks + block) * (size / perByte) + Math.floor(within / perByte)]!;
      const value = (byte >> (bits * (within % perByte))) & mask;
      out[row * columns + column] = (value - zeroOf(column, block)) * scale[column * blocks + block]!;
    }
  }
  return out;
}

/** The value that stands for zero in a block: the middle where none is stored; packed like the weights, or a float. */
function zeroPoints(
  view: GraphView,
  name: string,
  bits: 4 | 8,
  blocks: number,
): ((column: number, block: number) => number) | undefined {
  if (name === '') return () => 1 << (bits - 1);
  const packed = view.constant(name);
  if (packed?.elementType === ElementType.UINT8) {
    const bytes = tensorBytes(packed, view.model.bytes, view.external);
    const perByte = 8 / bits;
    const stride = Math.ceil(blocks / perByte);
    const mask = (1 << bits) - 1;
    return (
      bytes &&
      ((column, block) => (bytes[column * stride + Math.floor(block / perByte)]! >> (bits * (block % perByte))) & mask)
    );
  }
  const values = readConstant(view, name)?.data;
  return values && ((column, block) => values[column * blocks + block]!);
}
