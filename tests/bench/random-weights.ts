import type { OnnxTensor } from '../../src/onnx/onnx-model';

/** How a model's weights lie. */
export const FILE_LAYOUTS = {
  external: 'header and external data',
  single: 'one file',
} as const;
export type FileLayout = keyof typeof FILE_LAYOUTS;

/** Name of the external file, as exporters choose it for `model.onnx`. */
export const WEIGHTS = 'model.onnx_data';

/** Uniform values of about the size trained weights have; the generator is a 32-bit xorshift. */
export function randomWeights(bytes: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bytes / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < values.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[index] = state / 2 ** 31 / 20;
  }
  return values;
}

/** The tensor with its values in the model file itself, where they were in {@link WEIGHTS}. */
export function inlined(tensor: OnnxTensor, weights: Uint8Array): OnnxTensor {
  const { data } = tensor;
  if (data.kind !== 'external') return tensor;
  return { ...tensor, data: { kind: 'bytes', bytes: weights.subarray(data.offset, data.offset + data.length) } };
}
