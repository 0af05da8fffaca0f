import { foreignAttribute } from './attributes';
import type { GraphView } from './graph';
import { attribute, intAttribute, type OnnxNode } from './onnx-model';

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
    foreignAttribute(node) === undefined &&
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

/** True where the weight is stored `[out, in]`. */
export function isTransposed(node: OnnxNode): boolean {
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

/** What stands behind a projection's operator. */
export interface ProjectionEnd {
  /** The product in floating point, before any bias that is added by itself; undefined where it is not found. */
  readonly product: string | undefined;
  /** With the bias. */
  readonly result: string;
  /** Constants that are added, beside what the operator adds itself. */
  readonly added: readonly string[];
  /** The factors that bring whole numbers back: of the weight and of the activation, one tensor. */
  readonly rescaledBy?: string;
}

/**
 * From a projection's operator to its complete result: over the conversion back from whole numbers and over the
 * bias. Stops before anything is reshaped, split or activated.
 */
export function projectionEnd(view: GraphView, projection: OnnxNode): ProjectionEnd {
  let at = projection.outputs[0]!;
  let whole = projection.op === 'MatMulInteger';
  let product = whole ? undefined : at;
  let rescaledBy: string | undefined;
  const added: string[] = [];
  for (;;) {
    const readers = view.consumers(at).filter((node) => node.op !== 'Shape');
    const next = readers[0];
    const other = next?.inputs.find((input) => input !== at) ?? '';
    if (readers.length === 1 && next?.outputs[0]) {
      if (next.op === 'Cast' && whole) {
        at = next.outputs[0];
        continue;
      }
      if (next.op === 'Mul' && whole) {
        whole = false;
        rescaledBy = other;
        product = at = next.outputs[0];
        continue;
      }
      if (next.op === 'Add' && view.isConstant(other)) {
        added.push(other);
        at = next.outputs[0];
        continue;
      }
    }
    return { product, result: at, added, ...(rescaledBy === undefined ? {} : { rescaledBy }) };
  }
}

/** A projection's complete result, see {@link projectionEnd}. */
export function projectionResult(view: GraphView, projection: OnnxNode): string {
  return projectionEnd(view, projection).result;
}

/** The matrix product that a tensor comes from, over whatever splits, shapes, scales or shifts it. */
export function projectionBehind(view: GraphView, name: string): OnnxNode | undefined {
  for (let at = name; ;) {
    const node = view.producer(at);
    if (!node || isProjection(view, node)) return node;
    // What a convolution reads is no part of what it gives.
    if (node.op === 'Conv') return undefined;
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
