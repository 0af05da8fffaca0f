/** A dense row-major float32 tensor, batch dropped. `data.length` is the product of `dims`. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Number of elements for a shape. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function tensor(dims: readonly number[], data: Float32Array): Tensor {
  if (data.length !== sizeOf(dims)) {
    throw new RangeError(`tensor of shape [${dims.join(', ')}] cannot hold ${data.length} values`);
  }
  return { dims, data };
}

/**
 * A view (no copy) of the sub-tensor at leading indices, e.g. `slice(pattern, head, dest)` of
 * `[head, dest, src]` is the row `[src]`. Negative indices count from the end.
 */
export function slice(source: Tensor, ...indices: readonly number[]): Float32Array {
  if (indices.length > source.dims.length) throw new RangeError('more indices than dimensions');
  let offset = 0;
  let length = source.data.length;
  indices.forEach((index, axis) => {
    const dim = source.dims[axis]!;
    const at = index < 0 ? index + dim : index;
    if (at < 0 || at >= dim) throw new RangeError(`index ${index} is outside dimension ${axis} of size ${dim}`);
    length /= dim;
    offset += at * length;
  });
  return source.data.subarray(offset, offset + length);
}
