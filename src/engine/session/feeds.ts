import { inputRole } from '../../onnx/inputs';
import { ElementType, type ValueInfo } from '../../onnx/onnx-model';
import { unsupported } from '../../onnx/unsupported';
import type { OrtTensor, Runtime } from './runtime';

export type Feeds = Record<string, OrtTensor>;

/**
 * The model's own inputs for one prompt: ids, a mask of ones, positions from 0, one segment, no cache.
 * @throws StrataError `unsupported-model` for an input nobody knows how to fill.
 */
export function modelFeeds(
  runtime: Runtime,
  inputs: readonly ValueInfo[],
  tokensInput: string,
  tokens: readonly number[],
): Feeds {
  const row = [1, tokens.length];
  const feed = (input: ValueInfo): OrtTensor => {
    switch (inputRole(input, tokensInput)) {
      case 'tokens':
        return integers(runtime, input, tokens, row);
      case 'mask':
        return integers(runtime, input, new Array<number>(tokens.length).fill(1), row);
      case 'positions':
        return integers(runtime, input, [...tokens.keys()], row);
      case 'segments':
        return integers(runtime, input, new Array<number>(tokens.length).fill(0), row);
      case 'switch':
        return new runtime.Tensor('bool', [false], [1]);
      case 'logits-kept': {
        // Zero: the logits of every token.
        const dims = input.dims?.map(() => 1) ?? [];
        return integers(runtime, input, [0], dims);
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
