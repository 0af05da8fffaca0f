import type { Anatomy } from './anatomy';
import { firstPosition } from './config';
import { WeightFinder } from './find-weights';
import type { GraphView } from './graph';
import { constantDims } from './projection';

/**
 * Most tokens a decoder reads: what config.json says, and no more than its tables of positions have rows for. Absent
 * where neither says anything.
 */
export function contextOf(
  view: GraphView,
  anatomy: Anatomy,
  config: Readonly<Record<string, unknown>>,
): { readonly n_ctx?: number } {
  const positions = new WeightFinder(view, anatomy).ofModel('W_pos');
  const learned = typeof positions === 'string' ? undefined : positions.dims[0]! - firstPosition(config);
  const limits = [anatomy.dims.n_ctx, learned, ...rotaryRows(view)].filter((limit) => limit !== undefined);
  return limits.length > 0 ? { n_ctx: Math.min(...limits) } : {};
}

/** Where the tables of angles stand among the inputs of RotaryEmbedding, by domain. */
const COSINES: Readonly<Record<string, number>> = { 'com.microsoft': 2, '': 1 };

/** Rows of the tables `[position, …]` that rotary embeddings look angles up in. */
function rotaryRows(view: GraphView): readonly number[] {
  return view.nodes.flatMap((node) => {
    const slot = node.op === 'RotaryEmbedding' ? COSINES[node.domain] : undefined;
    const dims = slot === undefined ? undefined : constantDims(view, node.inputs[slot] ?? '');
    return dims?.length === 2 ? [dims[0]!] : [];
  });
}
