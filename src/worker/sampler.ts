import { softmax, topK } from '../core/numerics';
import { seededRandom } from '../core/random';
import type * as Library from '../engine/text/library';

export interface SamplerOptions {
  /** 0 = greedy. */
  readonly temperature: number;
  /** 0 = off. */
  readonly topK: number;
  /** 1 = off. */
  readonly topP: number;
  readonly seed: number;
  /** Draws that were made before with this seed. */
  readonly skip?: number;
}

/** The part of transformers.js that sampling takes. */
export type LogitsLibrary = Pick<
  typeof Library,
  'LogitsProcessorList' | 'SuppressTokensLogitsProcessor' | 'TemperatureLogitsWarper'
>;

/**
 * transformers.js's processors of logits `[d_vocab]`: some ids are never drawn, the rest follow the temperature.
 * @param never Ids whose logits become −∞.
 */
export function logitsProcessor(
  { LogitsProcessorList, SuppressTokensLogitsProcessor, TemperatureLogitsWarper }: LogitsLibrary,
  temperature: number,
  never: readonly number[],
): (logits: ArrayLike<number>) => Float32Array {
  const list = new LogitsProcessorList();
  if (never.length > 0) list.push(new SuppressTokensLogitsProcessor([...never]));
  if (temperature > 0) list.push(new TemperatureLogitsWarper(temperature));
  return (logits) => {
    const data = Float32Array.from(logits);
    // As much of a tensor as these processors read: all of it, and its first row. None looks at the tokens before.
    list._call([[]], { data, 0: { data } } as unknown as Library.Tensor);
    return data;
  };
}

/**
 * Ids that may be drawn with their weights, best first: the k best, then the smallest set whose probability reaches topP
 * (the best always stays). The order of Hugging Face's logits warpers, of which transformers.js has these two by name
 * only.
 * @param scores Logits after {@link logitsProcessor}.
 */
export function candidates(
  scores: ArrayLike<number>,
  { topK: k, topP }: Pick<SamplerOptions, 'topK' | 'topP'>,
): { readonly id: number; readonly weight: number }[] {
  const rank =
    k > 0 ? topK(scores, k) : [...Array.from(scores).keys()].toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  let ids = rank.filter((id) => scores[id]! > -Infinity);
  const weights = softmax(ids.map((id) => scores[id]!));
  let sum = 0;
  const reaches = weights.findIndex((weight) => (sum += weight) >= topP);
  if (reaches >= 0) ids = ids.slice(0, reaches + 1);
  return ids.map((id, index) => ({ id, weight: weights[index]! }));
}

/**
 * Draws one token id after another from rows of logits; equal seeds draw equally.
 * @param never Ids that are not drawn: those of a padded vocabulary, which no token stands for.
 */
export function createSampler(
  library: LogitsLibrary,
  options: SamplerOptions,
  never: readonly number[] = [],
): (logits: ArrayLike<number>) => number {
  const random = seededRandom(options.seed);
  for (let drawn = 0; drawn < (options.skip ?? 0); drawn++) random();
  const processed = logitsProcessor(library, options.temperature, never);
  return (logits) => {
    const scores = processed(logits);
    if (options.temperature === 0) return topK(scores, 1)[0]!;
    const choice = candidates(scores, options);
    const total = choice.reduce((sum, { weight }) => sum + weight, 0);
    let left = random() * total;
    // Rounding may leave a crumb after the last one, which then is the last one's.
    return (choice.find(({ weight }) => (left -= weight) < 0) ?? choice.at(-1)!).id;
  };
}
