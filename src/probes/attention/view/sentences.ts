import type { Token } from '../../../core/fact';
import { percent, visible } from '../../../views/format';
import type { Words } from '../../../views/words';
import type { AttentionResult } from '../meta';
import { mostSeen, subjectPeak, SUBJECT_SHARE, type FirstToken, type LargeMap, type Variant } from './reading';
import type { HeadId } from '../../../core/place';

/** What a head does on random text; undefined while unknown or nothing in particular. */
export type Does = (id: HeadId) => string | undefined;

/** What stands under a head's map; `share` when it is what the head does to this prompt's subject. */
export function doing(
  result: AttentionResult,
  id: HeadId,
  does: Does,
  words: Words,
): { readonly text: string; readonly share?: string } | undefined {
  const row = result.layers.indexOf(id.layer);
  const share = result.subjectShareByHead[row * result.n_heads + id.head]!;
  if (result.subjectPositions.length > 0 && share >= SUBJECT_SHARE) {
    return { text: words('attention.does.subject'), share: percent(share) };
  }
  const text = does(id);
  return text ? { text } : undefined;
}

/** The head shown large: the chosen one if this model has it, else the one that serves the subject most. */
export function shownHead(result: AttentionResult, chosen: HeadId | undefined): HeadId {
  const { layers, n_heads } = result;
  if (chosen && layers.includes(chosen.layer) && chosen.head < n_heads) return chosen;
  const peak = subjectPeak(result);
  return peak ? { layer: layers[peak.head.row]!, head: peak.head.head } : { layer: layers.at(-1)!, head: 0 };
}

export function headTitle({ layer, head }: HeadId, variant: Variant, words: Words): string {
  return variant === 'rollout'
    ? words('attention.rolloutTitle', { layer: layer + 1 })
    : words('attention.headTitle', { layer: layer + 1, head: head + 1 });
}

const textAt = (tokens: readonly Token[], position: number): string => visible(tokens[position]?.text ?? '');

/**
 * Where the singled-out token looks most in the large map; '' where nothing is left to look at.
 * @param large.map `[T, T]`, of so many heads.
 */
export function reading(
  result: AttentionResult,
  tokens: readonly Token[],
  { map, variant, heads, chosen }: Pick<LargeMap, 'map' | 'variant' | 'heads' | 'chosen'>,
  looker: number,
  words: Words,
): string {
  const top = mostSeen(map, looker, result.n_positions);
  // Without the first token's column the first token looks nowhere.
  if (top.value === 0) return '';
  const key = {
    plain: heads.length > 1 ? 'attention.looksMean' : 'attention.looks',
    value: 'attention.looksValue',
    rollout: 'attention.looksRollout',
  } as const;
  return words(key[variant], {
    count: heads.length,
    dest: textAt(tokens, looker),
    src: textAt(tokens, top.src),
    p: percent(top.value),
    value: top.value.toPrecision(2),
    layer: chosen.layer + 1,
  });
}

/** What the large map leaves out; '' where it shows all of it. */
export function leftOutNote(first: FirstToken, variant: Variant, words: Words): string {
  if (first === 'shown') return '';
  return words(
    first === 'hidden' || variant === 'value' ? 'attention.first.hidden.note' : 'attention.first.discounted.note',
  );
}

/** What the figure says of the subject. */
export function subjectSentence(result: AttentionResult, tokens: readonly Token[], words: Words): string {
  const peak = subjectPeak(result);
  if (!peak) return words('attention.sentence.none');
  return words('attention.sentence', {
    dest: textAt(tokens, result.dest),
    layer: result.layers[peak.head.row]! + 1,
    head: peak.head.head + 1,
    p: percent(peak.head.share),
    average: percent(peak.layer.share),
    averageLayer: result.layers[peak.layer.row]! + 1,
  });
}
