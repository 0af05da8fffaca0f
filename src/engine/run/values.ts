import { StrataError } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import { missingReason } from '../../core/missing-reasons';
import { missingSentence } from '../../core/missing-sentences';
import type { ModelDims } from '../../core/model';
import { tensor, type Tensor } from '../../core/tensor';
import { hookShape } from '../../onnx/hook-shape';
import type { Site } from '../../onnx/attention';
import type { OrtTensor } from '../session/runtime';

/** Scores below this stand for "masked", whichever large negative number the exporter chose. */
const MASKED = -1e30;

/** float32 values of a session's output, copied out of the runtime's memory. */
export function floatsOf(output: OrtTensor | undefined, name: string): Float32Array {
  if (output?.data instanceof Float32Array) return output.data;
  throw new StrataError('internal', `The session gave no float32 values for ${name}.`);
}

/** One row of a batch's values, in memory of its own so that traces can be given away one by one. */
export function rowOf(values: Float32Array, row: number, count: number): Float32Array {
  const size = values.length / count;
  return count === 1 ? values : values.slice(row * size, (row + 1) * size);
}

/** A tapped tensor in the shape its hook promises (see `core/hooks.ts`). */
export function hookValue(hook: HookName, site: Site, dims: ModelDims, length: number, data: Float32Array): Tensor {
  const shape = hookShape(hook, dims);
  if (!shape) return attentionMatrix(hook, dims, length, data);
  const { heads, width, perHead } = shape;
  if (data.length !== length * heads * width) throw unexpected(hook, data.length, length * heads * width);
  if (!perHead) return tensor([length, width], data);
  return tensor(
    [length, heads, width],
    site.layout === 'heads-first' ? positionsFirst(data, heads, length, width) : data,
  );
}

function attentionMatrix(hook: HookName, dims: ModelDims, length: number, data: Float32Array): Tensor {
  if (data.length !== dims.n_heads * length * length)
    throw unexpected(hook, data.length, dims.n_heads * length * length);
  if (hook.endsWith('hook_attn_scores')) {
    const scores = data.map((value, index) =>
      value < MASKED || index % length > Math.floor(index / length) % length ? -Infinity : value,
    );
    return tensor([dims.n_heads, length, length], scores);
  }
  return tensor([dims.n_heads, length, length], data);
}

function unexpected(hook: HookName, found: number, expected: number): StrataError {
  const reason = missingReason('value-count', { hook, found, expected });
  return new StrataError('unknown-anatomy', `${missingSentence(reason)}.`, { reason: reason.code, ...reason.details });
}

/** `[head, pos, width]` to `[pos, head, width]`. */
function positionsFirst(data: Float32Array, heads: number, length: number, width: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let position = 0; position < length; position++) {
      const from = (head * length + position) * width;
      out.set(data.subarray(from, from + width), (position * heads + head) * width);
    }
  }
  return out;
}

/**
 * A sum is finite only if all its terms are, and no sum of float32 values leaves the range of a number: no branch per
 * value, and four sums that need not wait for each other.
 */
function allFinite(data: Float32Array): boolean {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let index = 0;
  for (; index + 3 < data.length; index += 4) {
    a += data[index]!;
    b += data[index + 1]!;
    c += data[index + 2]!;
    d += data[index + 3]!;
  }
  for (; index < data.length; index++) a += data[index]!;
  return Number.isFinite(a + b + c + d);
}

/** @throws StrataError `non-finite` naming the hook, when there is a NaN or an infinity where there must be none. */
export function checkFinite(hook: string, data: Float32Array): void {
  if (!allFinite(data)) throw nonFinite(hook);
}

/**
 * Of logits `[…, d_vocab]`: −∞ is a token that is never written, as some files say of a padded vocabulary.
 * @throws StrataError `non-finite` for any other number that is none, and for a row without a single one.
 */
export function checkLogits(hook: string, data: Float32Array, d_vocab: number): void {
  if (allFinite(data)) return;
  for (let from = 0; from < data.length; from += d_vocab) {
    const row = data.subarray(from, from + d_vocab);
    const wrong = row.some((value) => Number.isNaN(value) || value === Infinity);
    if (wrong || row.every((value) => value === -Infinity)) throw nonFinite(hook);
  }
}

function nonFinite(hook: string): StrataError {
  return new StrataError(
    'non-finite',
    `The model's numbers are not finite at ${hook}: its weights may be damaged, or the intervention too strong.`,
    { hook },
  );
}
