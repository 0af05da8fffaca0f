import { toHalf } from '../../onnx/constants';
import type { Filling } from '../../onnx/fillings';
import { ElementType, type ValueInfo } from '../../onnx/onnx-model';
import { unsupported } from '../../onnx/unsupported';
import type { OrtTensor, Runtime } from './runtime';

export type Feeds = Record<string, OrtTensor>;

/**
 * The model's own inputs for prompts of equal length.
 * @param rows Token ids `[B, T]`.
 * @throws StrataError `unsupported-model` for an input nobody knows how to fill.
 */
export function modelFeeds(
  runtime: Runtime,
  inputs: readonly ValueInfo[],
  fillings: ReadonlyMap<string, Filling>,
  rows: readonly (readonly number[])[],
): Feeds {
  return Object.fromEntries(
    inputs.map(({ name }) => {
      const filling = fillings.get(name);
      if (!filling) throw unsupported('input', name);
      return [name, tensorOf(runtime, filling, rows)];
    }),
  );
}

function tensorOf({ Tensor }: Runtime, filling: Filling, rows: readonly (readonly number[])[]): OrtTensor {
  const { dims, values } = filling.fill(rows);
  switch (filling.elementType) {
    case ElementType.BOOL:
      return new Tensor('bool', Uint8Array.from(values), dims);
    case ElementType.UINT8:
      return new Tensor('uint8', Uint8Array.from(values), dims);
    case ElementType.INT8:
      return new Tensor('int8', Int8Array.from(values), dims);
    case ElementType.INT32:
      return new Tensor('int32', Int32Array.from(values), dims);
    case ElementType.FLOAT:
      return new Tensor('float32', Float32Array.from(values), dims);
    case ElementType.DOUBLE:
      return new Tensor('float64', Float64Array.from(values), dims);
    case ElementType.FLOAT16:
      return new Tensor('float16', Uint16Array.from(values, toHalf), dims);
    default:
      return new Tensor(
        'int64',
        BigInt64Array.from(values, (value) => BigInt(value)),
        dims,
      );
  }
}
