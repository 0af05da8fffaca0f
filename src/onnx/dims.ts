import type { ModelDims } from '../core/model';
import type { Site } from './attention';
import { configNumber, contextLength } from './config';
import type { Embedding } from './embedding';
import type { GraphView } from './graph';
import { foreignReason } from './inputs';
import type { LayerAnatomy } from './layer-anatomy';
import { isFloat, type OnnxNode } from './onnx-model';
import { projectionBehind, projectionDims } from './projection';
import { unknownAnatomy } from './unknown-anatomy';

/**
 * How wide everything is and how often it is there: from the weights, the caches, and config.json for what they leave
 * open.
 * @throws StrataError `unknown-anatomy` when nothing says how many heads there are, or config.json says otherwise.
 */
export function modelDims(
  view: GraphView,
  config: Readonly<Record<string, unknown>>,
  embedding: Embedding,
  layers: readonly LayerAnatomy[],
): ModelDims {
  const cache = view.model.graph.inputs.find(
    (input) => input.dims?.length === 4 && isFloat(input.elementType) && foreignReason(input.name) === undefined,
  );
  const fixed = (axis: number): number | undefined => {
    const dim = cache?.dims?.[axis];
    return typeof dim === 'number' && dim > 0 ? dim : undefined;
  };
  const output = layers.find((layer) => layer.attention?.output)?.attention?.output;
  const width = (output && projectionDims(view, output)?.[0]) ?? embedding.d_model;
  const stated = configNumber(config, 'num_attention_heads', 'n_head', 'num_heads', 'n_heads');
  const d_head = fixed(3) ?? configNumber(config, 'head_dim') ?? (stated ? width / stated : undefined);
  if (d_head === undefined || !Number.isInteger(width / d_head) || width / d_head < 1) {
    throw unknownAnatomy('head-count-unknown');
  }
  const n_heads = width / d_head;
  if (stated !== undefined && output && stated !== n_heads) {
    throw unknownAnatomy('head-count', { stated, found: n_heads });
  }
  return {
    n_layers: layers.length,
    n_heads,
    // A cache may hold keys that were repeated for every query head; the projection's width is what the hooks have.
    n_kv_heads:
      keyHeads(view, layers, n_heads, d_head) ?? fixed(1) ?? configNumber(config, 'num_key_value_heads') ?? n_heads,
    d_model: embedding.d_model,
    d_head,
    d_mlp: layers.find((layer) => layer.mlp)?.mlp?.d_mlp ?? 0,
    d_vocab: embedding.d_vocab,
    ...contextLength(config),
  };
}

/** Number of key heads by the width of the product that makes keys, alone or joined with values and queries. */
function keyHeads(
  view: GraphView,
  layers: readonly LayerAnatomy[],
  n_heads: number,
  d_head: number,
): number | undefined {
  const attention = layers.find((layer) => layer.attention?.k)?.attention;
  const maker = (site: Site | undefined): OnnxNode | undefined => site && projectionBehind(view, site.tensor);
  const [queries, keys, values] = [maker(attention?.q), maker(attention?.k), maker(attention?.v)];
  const width = keys && projectionDims(view, keys)?.[1];
  if (width === undefined) return undefined;
  const heads = width / d_head - (keys === queries ? n_heads : 0);
  const found = keys === values ? heads / 2 : heads;
  return found > 0 && Number.isInteger(n_heads / found) ? found : undefined;
}
