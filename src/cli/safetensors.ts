import type { Tensor } from '../core/tensor';

/** A tensor as safetensors stores it; only the types Strata reads and writes. */
export type StoredTensor =
  | { readonly dtype: 'F32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I64'; readonly dims: readonly number[]; readonly data: BigInt64Array };

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

export function float32(value: Tensor): StoredTensor {
  return { dtype: 'F32', dims: value.dims, data: value.data };
}

export function int64(values: readonly number[]): StoredTensor {
  return { dtype: 'I64', dims: [values.length], data: BigInt64Array.from(values, (value) => BigInt(value)) };
}

/**
 * Writes the safetensors format: eight bytes of header length, a JSON header padded with spaces to a multiple of
 * eight, then the tensors' bytes. https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { dtype, dims, data }] of tensors) {
    header[name] = { dtype, shape: dims, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, 8);
  let at = 8 + length;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Reads a safetensors file; tensors of other types than F32 and I64 are left out. */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<string, Entry>;
  const { __metadata__: metadata, ...entries } = header as Record<string, Entry> & { __metadata__?: unknown };
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape: dims, data_offsets }] of Object.entries(entries)) {
    const bytes = file.slice(8 + length + data_offsets[0], 8 + length + data_offsets[1]);
    if (dtype === 'F32') tensors.set(name, { dtype, dims, data: new Float32Array(bytes.buffer) });
    else if (dtype === 'I64') tensors.set(name, { dtype, dims, data: new BigInt64Array(bytes.buffer) });
  }
  return { tensors, metadata: (metadata ?? {}) as Record<string, string> };
}
