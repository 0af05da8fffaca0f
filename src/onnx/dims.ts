import type { ModelDims } from '../core/model';
import type { Site } from './attention';
import { configNumber, contextLength, statedHeads } from './config';
import type { GraphView } from './graph';
import { foreignReason } from './inputs';
import type { LayerAnatomy } from './layer-anatomy';
import { isFloat, type OnnxNode } from './onnx-model';
import { projectionBehind, projectionDims } from './projection';
import { siteWidth } from './widths';
import { unknownAnatomy } from './unknown-anatomy';

/**
 * How wide everything is and how often it is there: from the weights, the caches, and config.json for what they leave
 * open.
 * @throws StrataError `unknown-anatomy` when nothing says how many heads there are, or config.json says otherwise.
 */
export function modelDims(
  view: GraphView,
  config: Readonly<Record<string, unknown>>,
  { d_model, d_vocab }: Pick<ModelDims, 'd_model' | 'd_vocab'>,
  layers: readonly LayerAnatomy[],
): ModelDims {
  const output = layers.find((layer) => layer.attention?.output)?.attention?.output;
  const width = (output && projectionDims(view, output)?.[0]) ?? d_model;
  const caches = cacheSizes(view);
  const d_head = headWidth(width, caches, config);
  if (d_head === undefined || !Number.isInteger(width / d_head) || width / d_head < 1) {
    throw unknownAnatomy('head-count-unknown');
  }
  const n_heads = width / d_head;
  const stated = statedHeads(config);
  if (!Number.isInteger(d_head)) throw unknownAnatomy('uneven-heads', { stated: n_heads, found: width });
  if (stated !== undefined && output && stated !== n_heads) {
    throw unknownAnatomy('head-count', { stated, found: n_heads });
  }
  return {
    n_layers: layers.length,
    n_heads,
    // A cache may hold keys that were repeated for every query head; the projection's width is what the hooks have.
    n_kv_heads:
      keyHeads(view, config, layers, n_heads, d_head) ??
      caches[0]?.heads ??
      configNumber(config, 'num_key_value_heads') ??
      n_heads,
    d_model,
    d_head,
    d_mlp: layers.find((layer) => layer.mlp)?.mlp?.d_mlp ?? 0,
    d_vocab,
    ...contextLength(config),
  };
}

/** What the file states of its caches `[batch, head, pos, d_head]`: keys' and values' need not be equally wide. */
function cacheSizes(view: GraphView): readonly { readonly heads: number | undefined; readonly width: number }[] {
  const stated = (dim: number | string | undefined): number | undefined =>
    typeof dim === 'number' && dim > 0 ? dim : undefined;
  return view.model.graph.inputs.flatMap(({ name, dims, elementType }) => {
    if (dims?.length !== 4 || !isFloat(elementType) || foreignReason(name) !== undefined) return [];
    const width = stated(dims[3]);
    return width === undefined ? [] : [{ heads: stated(dims[1]), width }];
  });
}

/**
 * Width of one head's values. The stated number of heads decides, unless the file's caches have another width, or
 * config.json states one and no values of their own.
 * @param width Of all heads together, as the output projection reads them.
 */
function headWidth(
  width: number,
  caches: readonly { readonly width: number }[],
  config: Readonly<Record<string, unknown>>,
): number | undefined {
  const heads = statedHeads(config);
  const each = heads === undefined ? undefined : width / heads;
  if (caches.length > 0) return caches.find((cache) => cache.width === each)?.width ?? caches[0]!.width;
  const values = configNumber(config, 'v_head_dim');
  return (values === each ? values : configNumber(config, 'head_dim')) ?? each;
}

/**
 * Number of key heads by the width of values, or of the product that makes keys, alone or joined with others; where the
 * two do not agree, the one that config.json states too.
 */
function keyHeads(
  view: GraphView,
  config: Readonly<Record<string, unknown>>,
  layers: readonly LayerAnatomy[],
  n_heads: number,
  d_head: number,
): number | undefined {
  const attention = layers.find((layer) => layer.attention?.k)?.attention;
  const maker = (site: Site | undefined): OnnxNode | undefined => site && projectionBehind(view, site.tensor);
  const [queries, keys, shared] = [maker(attention?.q), maker(attention?.k), maker(attention?.v)];
  const values = attention?.v && siteWidth(view, attention.v);
  const width = keys && projectionDims(view, keys)?.[1];
  const heads = width === undefined ? undefined : width / d_head - (keys === queries ? n_heads : 0);
  const found = [values && values / d_head, heads && (keys === shared ? heads / 2 : heads)].filter(
    (count) => count !== undefined && count > 0 && Number.isInteger(n_heads / count),
  );
  return found.find((count) => count === configNumber(config, 'num_key_value_heads')) ?? found[0];
}
