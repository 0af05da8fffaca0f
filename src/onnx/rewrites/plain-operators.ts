import { foreignAttribute } from '../attributes';
import type { ExternalFiles } from '../constants';
import { GraphView } from '../graph';
import { inputRole } from '../inputs';
import type { OnnxModel, OnnxNode } from '../onnx-model';
import { embedLayerNormalization, quantisedEmbeddingProduct, tokenTableSegments } from './embeddings';
import { groupQueryAttention, jointAttention, multiHeadAttention, standardAttention } from './fused-attention';
import { biasedGelu, skipNormalization } from './norms';
import { activatedProduct, scaledProduct } from './products';
import { Rewriter } from './rewriter';
import { arithmeticTrigonometry } from './trigonometry';

type Rewrite = (rewriter: Rewriter, node: OnnxNode) => boolean;

/** By domain and operator: how a fused operator is said with plain ones. */
const REWRITES: ReadonlyMap<string, Rewrite> = new Map([
  ['com.microsoft.EmbedLayerNormalization', embedLayerNormalization],
  ['com.microsoft.SkipLayerNormalization', skipNormalization],
  ['com.microsoft.SkipSimplifiedLayerNormalization', skipNormalization],
  ['com.microsoft.BiasGelu', biasedGelu],
  ['com.microsoft.FastGelu', biasedGelu],
  ['com.microsoft.FusedGemm', activatedProduct],
  ['com.microsoft.FusedMatMul', scaledProduct],
  ['com.microsoft.GroupQueryAttention', groupQueryAttention],
  ['com.microsoft.MultiHeadAttention', multiHeadAttention],
  ['com.microsoft.Attention', jointAttention],
  ['.Attention', standardAttention],
  ['.MatMulInteger', quantisedEmbeddingProduct],
]);

/** For backends whose own functions are too coarse. */
const EXACT_REWRITES: ReadonlyMap<string, Rewrite> = new Map([
  ['.Sin', arithmeticTrigonometry],
  ['.Cos', arithmeticTrigonometry],
]);

/**
 * The same model with fused operators taken apart, so that the residual stream and the inside of attention are
 * tensors of the graph. What a rewrite does not cover, or an attribute that is not known, stays as it is.
 * @param coarseBackend The backend's sine and cosine cannot be relied on (WebGPU).
 * @returns undefined when there was nothing to take apart.
 */
export function withPlainOperators(
  view: GraphView,
  config: Readonly<Record<string, unknown>>,
  coarseBackend = false,
): OnnxModel | undefined {
  const rewriter = new Rewriter(view, config);
  return rewritten(rewriter, (name) => REWRITES.get(name) ?? (coarseBackend ? EXACT_REWRITES.get(name) : undefined));
}

/** The same model where segments that are looked up among the tokens add nothing; undefined where none are. */
export function withoutTokenSegments(model: OnnxModel, external: ExternalFiles): OnnxModel | undefined {
  if (!model.graph.inputs.some((input) => inputRole(input, '') === 'segments')) return undefined;
  const view = new GraphView(model, external);
  return rewritten(new Rewriter(view, {}), (name) => (name === '.Gather' ? tokenTableSegments : undefined));
}

function rewritten(rewriter: Rewriter, rewriteOf: (name: string) => Rewrite | undefined): OnnxModel | undefined {
  const replaced = new Set<OnnxNode>();
  for (const node of rewriter.view.nodes) {
    const rewrite = rewriteOf(`${node.domain}.${node.op}`);
    const before = rewriter.nodes.length;
    if (!rewrite || foreignAttribute(node) !== undefined) continue;
    if (rewrite(rewriter, node)) replaced.add(node);
    else rewriter.nodes.length = before;
  }
  return replaced.size > 0 ? rewriter.finish(replaced) : undefined;
}
