import { inputRole } from '../../onnx/inputs';
import { ElementType, type ValueInfo } from '../../onnx/onnx-model';
import { unsupported } from '../../onnx/unsupported';
import type { OrtTensor, Runtime } from './runtime';

export type Feeds = Record<string, OrtTensor>;

/**
 * The model's own inputs for prompts of equal length: ids, a mask of ones, positions from 0, one segment, no cache.
 * @param rows Token ids `[B, T]`.
 * @throws StrataError `unsupported-model` for an input nobody knows how to fill.
 */
export function modelFeeds(
  runtime: Runtime,
  inputs: readonly ValueInfo[],
  tokensInput: string,
  rows: readonly (readonly number[])[],
): Feeds {
  const dims = [rows.length, rows[0]!.length];
  const each = (value: (position: number) => number): number[] =>
    rows.flatMap((row) => row.map((_, position) => value(position)));
  const feed = (input: ValueInfo): OrtTensor => {
    switch (inputRole(input, tokensInput)) {
      case 'tokens':
        return integers(runtime, input, rows.flat(), dims);
      case 'mask':
        return integers(
          runtime,
          input,
          each(() => 1),
          dims,
        );
      case 'positions':
        return integers(
          runtime,
          input,
          each((position) => position),
          dims,
        );
      case 'segments':
        return integers(
          runtime,
          input,
          each(() => 0),
          dims,
        );
      case 'switch':
        return new runtime.Tensor('bool', [false], [1]);
      case 'logits-kept': {
        // Zero: the logits of every token.
        return integers(runtime, input, [0], input.dims?.map(() => 1) ?? []);
      }
      case undefined:
        throw unsupported('input', input.name);
    }
  };
  return Object.fromEntries(inputs.map((input) => [input.name, feed(input)]));
}

function integers(runtime: Runtime, input: ValueInfo, values: readonly number[], dims: readonly number[]): OrtTensor {
  if (input.elementType === ElementType.INT32) return new runtime.Tensor('int32', Int32Array.from(values), dims);
  if (input.elementType === ElementType.FLOAT) return new runtime.Tensor('float32', Float32Array.from(values), dims);
  return new runtime.Tensor(
    'int64',
    BigInt64Array.from(values, (value) => BigInt(value)),
    dims,
  );
}
