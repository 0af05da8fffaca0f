import { softmax, topK } from '../core/numerics';
import { seededRandom } from '../core/random';

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

/**
 * Ids that may be drawn with their weights, best first: temperature, then the k best, then the smallest set whose
 * probability reaches topP (the best always stays). The order of Hugging Face's logits warpers.
 */
export function candidates(
  logits: ArrayLike<number>,
  { temperature, topK: k, topP }: SamplerOptions,
): { readonly id: number; readonly weight: number }[] {
  if (temperature === 0) return [{ id: topK(logits, 1)[0]!, weight: 1 }];
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  let ids = k > 0 ? topK(scaled, k) : [...scaled.keys()].toSorted((a, b) => scaled[b]! - scaled[a]! || a - b);
  const weights = softmax(ids.map((id) => scaled[id]!));
  let sum = 0;
  const reaches = weights.findIndex((weight) => (sum += weight) >= topP);
  if (reaches >= 0) ids = ids.slice(0, reaches + 1);
  return ids.map((id, index) => ({ id, weight: weights[index]! }));
}

/** Draws one token id after another from rows of logits; equal seeds draw equally. */
export function createSampler(options: SamplerOptions): (logits: ArrayLike<number>) => number {
  const random = seededRandom(options.seed);
  for (let drawn = 0; drawn < (options.skip ?? 0); drawn++) random();
  return (logits) => {
    const choice = candidates(logits, options);
    const total = choice.reduce((sum, { weight }) => sum + weight, 0);
    let left = random() * total;
    // Rounding may leave a crumb after the last one, which then is the last one's.
    return (choice.find(({ weight }) => (left -= weight) < 0) ?? choice.at(-1)!).id;
  };
}
