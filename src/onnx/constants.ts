import { StrataError } from '../core/errors';
import { plainName } from '../core/plain-text';
import { ElementType, bytesPerElement, type OnnxTensor } from './onnx-model';
import { WireReader } from './wire';

/** Looks up the bytes of a file beside the model by its `location`. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

/** The little-endian bytes of a tensor: a view where it can be one. Undefined for strings. */
export function tensorBytes(tensor: OnnxTensor, file: Uint8Array, external: ExternalFiles): Uint8Array | undefined {
  const { data } = tensor;
  switch (data.kind) {
    case 'file':
      return file.subarray(data.offset, data.offset + data.length);
    case 'bytes':
      return data.bytes;
    case 'external': {
      const source = external.get(data.location);
      if (!source)
        throw new StrataError('missing-file', `The model needs the file ${plainName(data.location)}.`, {
          file: plainName(data.location),
        });
      return source.subarray(data.offset, data.offset + data.length);
    }
    case 'record':
      return fromRecord(tensor, data.record);
  }
}

function fromRecord(tensor: OnnxTensor, record: Uint8Array): Uint8Array | undefined {
  const width = bytesPerElement(tensor.elementType);
  if (width === undefined) return undefined;
  const reader = new WireReader(record);
  const integers: number[] = [];
  const floats: number[] = [];
  for (const field of reader.fields(0, record.length)) {
    if (field.number === 5 || field.number === 7 || field.number === 11) reader.integers(field, integers);
    else if (field.number === 4) reader.floats(field, floats);
  }
  const values = floats.length > 0 ? floats : integers;
  const bytes = new Uint8Array(Math.ceil(values.length * width));
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    if (tensor.elementType === ElementType.FLOAT) view.setFloat32(index * 4, value, true);
    else if (tensor.elementType === ElementType.DOUBLE) view.setFloat64(index * 8, value, true);
    else if (width === 8) view.setBigInt64(index * 8, BigInt(value), true);
    else if (width === 4) view.setInt32(index * 4, value, true);
    else if (width === 2) view.setInt16(index * 2, value, true);
    else view.setInt8(Math.floor(index * width), value);
  });
  return bytes;
}

/** IEEE 754 half precision to a number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 to a number: it is the upper half of a float32. */
export function fromBrain(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

/** A number to IEEE 754 half precision bits, rounded to nearest even. */
export function toHalf(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Uint32Array(float.buffer)[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent >= 31) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    const shifted = (fraction | 0x800000) >>> (1 - exponent);
    return sign | ((shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13);
  }
  return sign | ((((exponent << 23) | fraction) + 0xfff + ((fraction >>> 13) & 1)) >>> 13);
}

/**
 * A tensor's values as numbers, whatever way they are stored; 4-bit values are unpacked, low nibble first.
 * Undefined for strings and unknown types.
 */
export function tensorValues(tensor: OnnxTensor, file: Uint8Array, external: ExternalFiles): Float64Array | undefined {
  const bytes = tensorBytes(tensor, file, external);
  if (!bytes) return undefined;
  const count = tensor.dims.reduce((product, dim) => product * dim, 1);
  // A record may hold fewer values than its dimensions say.
  if (bytes.length < count * (bytesPerElement(tensor.elementType) ?? 1)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = valueReader(view, tensor.elementType);
  return read && Float64Array.from({ length: count }, (_, index) => read(index));
}

function valueReader(view: DataView, elementType: number): ((index: number) => number) | undefined {
  switch (elementType) {
    case ElementType.FLOAT:
      return (index) => view.getFloat32(index * 4, true);
    case ElementType.DOUBLE:
      return (index) => view.getFloat64(index * 8, true);
    case ElementType.FLOAT16:
      return (index) => fromHalf(view.getUint16(index * 2, true));
    case ElementType.BFLOAT16:
      return (index) => fromBrain(view.getUint16(index * 2, true));
    case ElementType.INT64:
    case ElementType.UINT64:
      return (index) => Number(view.getBigInt64(index * 8, true));
    case ElementType.INT32:
    case ElementType.UINT32:
      return (index) => view.getInt32(index * 4, true);
    case ElementType.INT16:
      return (index) => view.getInt16(index * 2, true);
    case ElementType.UINT16:
      return (index) => view.getUint16(index * 2, true);
    case ElementType.INT8:
      return (index) => view.getInt8(index);
    case ElementType.UINT8:
    case ElementType.BOOL:
      return (index) => view.getUint8(index);
    case ElementType.UINT4:
      return (index) => (view.getUint8(index >> 1) >> (4 * (index & 1))) & 0xf;
    case ElementType.INT4:
      return (index) => {
        const nibble = (view.getUint8(index >> 1) >> (4 * (index & 1))) & 0xf;
        return nibble > 7 ? nibble - 16 : nibble;
      };
    default:
      return undefined;
  }
}
