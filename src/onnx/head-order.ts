import { missingReason, type MissingPart } from '../core/missing-reasons';
import type { Anatomy } from './anatomy';
import { columnsOf, looselyColumnsOf } from './column-trace';
import type { GraphView } from './graph';
import { projectionBehind, projectionDims, projectionEnd } from './projection';

/**
 * Queries, keys and values whose numbers do not lie head by head: the columns of their projection are followed to the
 * product that reads them, where heads are an axis of their own. What cannot be followed is left to the numbers.
 */
export function foreignOrders(view: GraphView, { layers, dims, sites }: Anatomy): MissingPart[] {
  const parts: MissingPart[] = [];
  layers.forEach(({ attention }, layer) => {
    for (const part of ['q', 'k', 'v'] as const) {
      const site = attention?.[part];
      const hook = `attn.hook_${part}` as const;
      if (!attention || !site || !sites.has(`blocks.${layer}.${hook}`)) continue;
      if (isForeign(view, site.tensor, attention.operands[part], dims.d_head))
        parts.push({ part: hook, layer, reason: missingReason('other-order') });
    }
  });
  return parts;
}

function isForeign(view: GraphView, tensor: string, operand: string, d_head: number): boolean {
  const projection = projectionBehind(view, tensor);
  const width = projection && projectionDims(view, projection)?.[1];
  if (!projection || width === undefined) return false;
  const { result } = projectionEnd(view, projection);
  const own = columnsOf(view, result, width, tensor);
  const read = looselyColumnsOf(view, result, width, operand);
  if (!own || !read || read.length % own.length !== 0) return false;
  const shared = read.length / own.length;
  return !read.every((column, at) => {
    // Consecutive heads share keys and values; which heads do when they do not is told by the numbers.
    const head = Math.floor(at / d_head / shared);
    return column === own[head * d_head + (at % d_head)];
  });
}
