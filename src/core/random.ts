import type { ModelInfo } from './model';

/**
 * A seeded generator of uniform numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain). Equal seeds give
 * equal sequences on every machine.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

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

/** Ids that random prompts avoid: special tokens, and those of a padded vocabulary that stand for nothing. */
export function unusualIds({
  specialTokenIds,
  idsWithoutText = [],
  dims,
}: Pick<ModelInfo, 'specialTokenIds' | 'idsWithoutText' | 'dims'>): readonly number[] {
  return [...new Set([...specialTokenIds, ...idsWithoutText])].filter((id) => id < dims.d_vocab);
}
