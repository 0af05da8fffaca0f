import { StrataError } from '../core/errors';
import { ElementType, type ValueInfo } from '../onnx/model';
import type { OrtTensor, Runtime } from './runtime';

export type Feeds = Record<string, OrtTensor>;

/** The model's own inputs for one prompt: ids, a mask of ones, positions from 0, no cache. */
export function modelFeeds(
  runtime: Runtime,
  inputs: readonly ValueInfo[],
  tokensInput: string,
  tokens: readonly number[],
): Feeds {
  const feeds: Feeds = {};
  const length = tokens.length;
  for (const input of inputs) {
    if (input.name === tokensInput) feeds[input.name] = integers(runtime, input, tokens, [1, length]);
    else if (/mask/i.test(input.name))
      feeds[input.name] = integers(runtime, input, new Array<number>(length).fill(1), [1, length]);
    else if (/position/i.test(input.name))
      feeds[input.name] = integers(
        runtime,
        input,
        tokens.map((_, index) => index),
        [1, length],
      );
    else if (input.elementType === ElementType.BOOL) feeds[input.name] = new runtime.Tensor('bool', [false], [1]);
    else
      throw new StrataError('unsupported-model', `The model wants an input “${input.name}” that Strata cannot fill.`, {
        input: input.name,
      });
  }
  return feeds;
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
