import type { BlockHook } from '../core/hooks';
import { missingReason, type MissingPartName, type MissingReason } from '../core/missing-reasons';
import type { ModelDims } from '../core/model';
import type { AttentionSites, Site } from './attention';
import { columnsOf } from './column-trace';
import type { GraphView } from './graph';
import type { LayerAnatomy } from './layer-anatomy';
import { isProjection, projectionBehind, projectionDims, projectionEnd } from './projection';

/** A part of a layer whose size is not the model's, so that a hook would not mean there what it means elsewhere. */
export interface Misfit {
  readonly layer: number;
  readonly part: MissingPartName;
  readonly hooks: readonly BlockHook[];
  readonly reason: MissingReason;
}

const INSIDE: readonly BlockHook[] = [
  'attn.hook_q',
  'attn.hook_k',
  'attn.hook_v',
  'attn.hook_attn_scores',
  'attn.hook_pattern',
  'attn.hook_z',
];

/** What does not have the model's sizes, as far as the file says: the rest shows when it is run. */
export function misfits(view: GraphView, dims: ModelDims, layers: readonly LayerAnatomy[]): readonly Misfit[] {
  return layers.flatMap(({ attention, mlp }, layer) => [
    ...(attention ? attentionMisfits(view, dims, attention, layer) : []),
    ...(mlp && mlp.d_mlp !== dims.d_mlp
      ? (['mlp.hook_pre', 'mlp.hook_post'] as const).map((hook) => misfit(layer, hook, mlp.d_mlp, dims.d_mlp))
      : []),
  ]);
}

function misfit(layer: number, hook: BlockHook, found: number, expected: number): Misfit {
  return { layer, part: hook, hooks: [hook], reason: missingReason('other-width', { found, expected }) };
}

function attentionMisfits(view: GraphView, dims: ModelDims, sites: AttentionSites, layer: number): Misfit[] {
  const { n_heads, n_kv_heads, d_head } = dims;
  const width = sites.output && projectionDims(view, sites.output)?.[0];
  if (width !== undefined && width !== n_heads * d_head) {
    const reason = missingReason('other-width', { found: width, expected: n_heads * d_head });
    return [{ layer, part: 'inside-attention', hooks: INSIDE, reason }];
  }
  const [q, k, v] = [sites.q, sites.k, sites.v].map((site) => site && siteWidth(view, site));
  const wrong = (found: number | undefined, heads: number): found is number =>
    found !== undefined && found !== heads * d_head;
  // A query is as wide as the key it meets: where one is wider than the values, so is the other (DeepSeek, MiMo).
  if (wrong(q, n_heads) && q > n_heads * d_head && q % n_heads === 0) {
    const reason = missingReason('wider-than-values', { found: q / n_heads, expected: d_head });
    return (['attn.hook_q', 'attn.hook_k'] as const).map((hook) => ({ layer, part: hook, hooks: [hook], reason }));
  }
  return [
    ...(wrong(q, n_heads) ? [misfit(layer, 'attn.hook_q', q, n_heads * d_head)] : []),
    ...(wrong(k, n_kv_heads) ? [misfit(layer, 'attn.hook_k', k, n_kv_heads * d_head)] : []),
    ...(wrong(v, n_kv_heads) ? [misfit(layer, 'attn.hook_v', v, n_kv_heads * d_head)] : []),
  ];
}

/** Numbers that a hook holds for one token; undefined where the file does not say. */
export function siteWidth(view: GraphView, { tensor }: Site): number | undefined {
  const node = projectionBehind(view, tensor);
  const width = node && isProjection(view, node) ? projectionDims(view, node)?.[1] : undefined;
  return width === undefined ? undefined : columnsOf(view, projectionEnd(view, node!).result, width, tensor)?.length;
}
