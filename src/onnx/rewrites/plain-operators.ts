import type { GraphView } from '../graph';
import type { OnnxModel, OnnxNode } from '../model';
import { groupQueryAttention, jointAttention, multiHeadAttention, standardAttention } from './attention';
import { biasedGelu, skipNormalization } from './norms';
import { Rewriter } from './rewriter';

type Rewrite = (rewriter: Rewriter, node: OnnxNode) => boolean;

/** By domain and operator: how a fused operator is said with plain ones. */
const REWRITES: ReadonlyMap<string, Rewrite> = new Map([
  ['com.microsoft.SkipLayerNormalization', skipNormalization],
  ['com.microsoft.SkipSimplifiedLayerNormalization', skipNormalization],
  ['com.microsoft.BiasGelu', biasedGelu],
  ['com.microsoft.FastGelu', biasedGelu],
  ['com.microsoft.GroupQueryAttention', groupQueryAttention],
  ['com.microsoft.MultiHeadAttention', multiHeadAttention],
  ['com.microsoft.Attention', jointAttention],
  ['.Attention', standardAttention],
]);

/**
 * The same model with fused operators taken apart, so that the residual stream and the inside of attention are
 * tensors of the graph. What a rewrite does not cover stays as it is.
 * @returns undefined when there was nothing to take apart.
 */
export function withPlainOperators(view: GraphView, config: Readonly<Record<string, unknown>>): OnnxModel | undefined {
  const rewriter = new Rewriter(view, config);
  const replaced = new Set<OnnxNode>();
  for (const node of view.nodes) {
    const rewrite = REWRITES.get(`${node.domain}.${node.op}`);
    const before = rewriter.nodes.length;
    if (!rewrite) continue;
    if (rewrite(rewriter, node)) replaced.add(node);
    else rewriter.nodes.length = before;
  }
  return replaced.size > 0 ? rewriter.finish(replaced) : undefined;
}
