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

/** Ids that random prompts avoid: special tokens, those of a padded vocabulary that stand for nothing, those never read. */
export function unusualIds({
  specialTokenIds,
  idsWithoutText = [],
  idsRead,
  dims: { d_vocab },
}: UnusualIds): readonly number[] {
  const unread = unreadIds({ idsRead, dims: { d_vocab } });
  return [...new Set([...specialTokenIds, ...idsWithoutText, ...unread])].filter((id) => id < d_vocab);
}

export interface UnusualIds {
  readonly specialTokenIds: readonly number[];
  readonly idsWithoutText?: readonly number[] | undefined;
  readonly idsRead?: number | undefined;
  readonly dims: { readonly d_vocab: number };
}

/** Ids that have logits and no vector. */
export function unreadIds({ idsRead, dims: { d_vocab } }: Pick<UnusualIds, 'idsRead' | 'dims'>): readonly number[] {
  return idsRead === undefined ? [] : Array.from({ length: Math.max(0, d_vocab - idsRead) }, (_, at) => idsRead + at);
}
