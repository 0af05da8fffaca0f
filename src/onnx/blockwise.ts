import { tensorBytes } from './constants';
import type { GraphView } from './graph';
import { ElementType, intAttribute, type OnnxNode } from './onnx-model';
import { storedValues, type StoredValues } from './stored-values';
import { sizeOf } from '../core/tensor';

/** Packed whole numbers of a row that is cut into blocks, and what zero and one are in each block. */
interface Blocks {
  readonly rows: number;
  /** Entries of a row. */
  readonly size: number;
  readonly bits: 4 | 8;
  readonly block: number;
  readonly packed: Uint8Array;
  /** Bytes from row to row. */
  readonly stride: number;
  readonly scale: StoredValues;
  readonly zeroOf: (row: number, block: number) => number;
}

/** `[rows, size]` as floats; low bits first. */
function unpacked({ rows, size, bits, block, packed, stride, scale, zeroOf }: Blocks): StoredValues {
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const blocks = Math.ceil(size / block);
  return {
    dims: [rows, size],
    at: (index) => {
      const row = Math.floor(index / size);
      const entry = index % size;
      const which = Math.floor(entry / block);
      const byte = packed[row * stride + Math.floor(entry / perByte)]!;
      const value = (byte >> (bits * (entry % perByte))) & mask;
      return (value - zeroOf(row, which)) * scale.at(row * blocks + which);
    },
  };
}

function bytesOf(view: GraphView, name: string): Uint8Array | undefined {
  const tensor = view.constant(name);
  return tensor && tensorBytes(tensor, view.model.bytes, view.external);
}

/**
 * MatMulNBits (com.microsoft): `[out, in]`, blocks along the input, stored `[out, blocks, block bytes]`. Scales (and
 * zero points that are floats) may be stored in half precision behind a Cast.
 */
export function blockwiseProduct(view: GraphView, node: OnnxNode): StoredValues | undefined {
  const bits = intAttribute(node, 'bits', 4);
  const block = intAttribute(node, 'block_size', 32);
  const [size, rows] = [intAttribute(node, 'K', 0), intAttribute(node, 'N', 0)];
  const [, weight = '', scales = '', zeros = '', order] = node.inputs;
  if ((bits !== 4 && bits !== 8) || order || size < 1 || rows < 1 || block < 1) return undefined;
  const blocks = Math.ceil(size / block);
  const stride = (blocks * block * bits) / 8;
  const packed = bytesOf(view, weight);
  const scale = storedValues(view, scales);
  const zeroOf = zeroPoints(view, zeros, bits, rows, blocks);
  if (!packed || packed.length < rows * stride || !scale || sizeOf(scale.dims) !== rows * blocks) return undefined;
  return zeroOf && unpacked({ rows, size, bits, block, packed, stride, scale, zeroOf });
}

/**
 * GatherBlockQuantized (com.microsoft): a table `[rows, d]` whose rows are cut into blocks. Stored as 4-bit numbers or
 * as bytes that hold one or two of them, shared with an unembedding in another shape or not.
 */
export function blockwiseTable(view: GraphView, node: OnnxNode): StoredValues | undefined {
  const [table = '', , scales = '', zeros = ''] = node.inputs;
  const tensor = view.constant(view.strip(table));
  const packed = bytesOf(view, view.strip(table));
  const scale = storedValues(view, scales);
  const [rows, blocks] = scale?.dims ?? [];
  if (!tensor || !packed || !scale || !rows || !blocks || scale.dims.length !== 2) return undefined;
  const bits = tensor.elementType === ElementType.UINT4 ? 4 : intAttribute(node, 'bits', 4);
  const block = intAttribute(node, 'block_size', 128);
  const along = intAttribute(node, 'quantize_axis', 1);
  if (![ElementType.UINT8, ElementType.UINT4].some((type) => type === tensor.elementType)) return undefined;
  if ((bits !== 4 && bits !== 8) || (along !== 1 && along !== -1) || intAttribute(node, 'gather_axis', 0) !== 0)
    return undefined;
  // Rows that begin in the middle of a byte are not known to be written by anyone.
  const stride = packed.length / rows;
  const size = (stride * 8) / bits;
  if (!Number.isInteger(stride) || Math.ceil(size / block) !== blocks) return undefined;
  const zeroOf = zeroPoints(view, zeros, bits, rows, blocks);
  return zeroOf && unpacked({ rows, size, bits, block, packed, stride, scale, zeroOf });
}

/** The value that stands for zero in a block: the middle where none is stored; packed like the weights, or a float. */
function zeroPoints(
  view: GraphView,
  name: string,
  bits: 4 | 8,
  rows: number,
  blocks: number,
): ((row: number, block: number) => number) | undefined {
  if (name === '') return () => 1 << (bits - 1);
  const tensor = view.constant(name);
  if (tensor?.elementType === ElementType.UINT8 || tensor?.elementType === ElementType.UINT4) {
    const bytes = bytesOf(view, name);
    const perByte = 8 / bits;
    // 4-bit tensors run on from row to row; bytes begin anew.
    const stride = tensor.elementType === ElementType.UINT4 ? blocks / perByte : Math.ceil(blocks / perByte);
    const mask = (1 << bits) - 1;
    if (!bytes || bytes.length < Math.floor(rows * stride)) return undefined;
    return (row, block) => {
      const entry = row * stride * perByte + block;
      return (bytes[Math.floor(entry / perByte)]! >> (bits * (entry % perByte))) & mask;
    };
  }
  const values = storedValues(view, name);
  return values && sizeOf(values.dims) === rows * blocks ? (row, block) => values.at(row * blocks + block) : undefined;
}
