import { seededRandom } from '../../core/random';

/**
 * `n` distinct ordinary token ids in random order; the same for the same seed.
 * @param special ids that must not occur.
 */
export function distinctIds(n: number, d_vocab: number, special: readonly number[], seed: number): number[] {
  const random = seededRandom(seed);
  const taken = new Set(special);
  const ids: number[] = [];
  while (ids.length < n) {
    const id = Math.floor(random() * d_vocab);
    if (taken.has(id)) continue;
    taken.add(id);
    ids.push(id);
  }
  return ids;
}
