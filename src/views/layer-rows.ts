import type { HookName } from '../core/hooks';
import type { LayerRow } from './layer-grid';
import type { Words } from './words';

/** Name of a row by its depth: `Embedding`, `Layer 3`, `After attention 4`. */
export function depthName(depth: number, words: Words): string {
  if (depth === 0) return words('row.embedding');
  return Number.isInteger(depth) ? words('row.layer', { layer: depth }) : words('row.mid', { layer: Math.ceil(depth) });
}

function label(depth: number, words: Words): LayerRow['label'] {
  if (depth === 0) return { long: words('row.embedding'), short: words('row.short.embedding') };
  const short = Number.isInteger(depth) ? String(depth) : `${Math.floor(depth)}½`;
  return { long: Number.isInteger(depth) ? words('row.layer', { layer: depth }) : short, short };
}

/**
 * Rows in screen order: the output on top, the embedding at the bottom, as the residual stream rises.
 * @param rowDepth per row, embedding first. @param marks rows (indices from the embedding) to mark, with their words.
 */
export function layerRows(
  rowDepth: readonly number[],
  rowHooks: readonly HookName[],
  marks: readonly { readonly row: number | undefined; readonly label: string }[],
  words: Words,
): LayerRow[] {
  return rowDepth
    .map((depth, row): LayerRow => ({
      depth,
      name: depthName(depth, words),
      label: label(depth, words),
      hook: rowHooks[row]!,
      marks: marks.filter((one) => one.row === row).map((one) => one.label),
    }))
    .reverse();
}
