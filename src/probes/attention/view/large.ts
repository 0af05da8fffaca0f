import type { HeadId } from '../../../core/place';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { firstTokenAs, headMap, meanMap, shownVariant, type LargeMap } from './reading';
import { headTitle, shownHead } from './sentences';
import type { AttentionSettings } from './settings';

export const headKey = ({ layer, head }: HeadId): string => `${layer}.${head}`;

/** Heads by their keys, those that this model has, in its order. */
export function headsOf({ layers, n_heads }: AttentionResult, keys: readonly string[]): HeadId[] {
  const wanted = new Set(keys);
  return layers.flatMap((layer) =>
    Array.from({ length: n_heads }, (_, head) => ({ layer, head })).filter((id) => wanted.has(headKey(id))),
  );
}

/** The keys after a head was chosen: it comes in or goes out, and the last one stays. */
export function toggledHead(keys: readonly string[], id: HeadId): readonly string[] {
  const key = headKey(id);
  if (!keys.includes(key)) return [...keys, key];
  return keys.length > 1 ? keys.filter((one) => one !== key) : keys;
}

/** @param head what is chosen on the page. */
export function largeMap(
  result: AttentionResult,
  settings: Pick<AttentionSettings, 'variant' | 'first' | 'mean' | 'together'>,
  head: HeadId | undefined,
  words: Words,
): LargeMap {
  const variant = shownVariant(result, settings.variant);
  const chosen = shownHead(result, head);
  // Rollout knows no heads.
  const named = settings.mean && variant !== 'rollout' ? headsOf(result, settings.together) : [];
  const heads = named.length > 0 ? named : [chosen];
  const maps = heads.map(({ layer, head: index }) => headMap(result, result.layers.indexOf(layer), index, variant));
  const plain = maps.length === 1 ? maps[0]! : meanMap(maps);
  return {
    variant,
    chosen,
    heads,
    map: firstTokenAs(plain, result.n_positions, settings.first, variant),
    title:
      heads.length > 1
        ? words('attention.mean.title', { count: heads.length, list: listed(heads) })
        : headTitle(heads[0]!, variant, words),
  };
}

const MOST_LISTED = 6;

/** Heads as they are counted on the page, as many as a title has room for. */
function listed(heads: readonly HeadId[]): string {
  const names = heads.slice(0, MOST_LISTED).map(({ layer, head }) => `${layer + 1}.${head + 1}`);
  return names.join(', ') + (heads.length > MOST_LISTED ? ' …' : '');
}
