import { BLOCK_HOOKS, blockHook } from '../core/hooks';
import type { MissingPart } from '../core/missing-reasons';
import type { Anatomy } from './anatomy';
import type { LayerAnatomy } from './layer-anatomy';

/** The anatomy without parts that turned out to be something else than what they were taken for. */
export function withdrawn(anatomy: Anatomy, parts: readonly MissingPart[]): Anatomy {
  if (parts.length === 0) return anatomy;
  const sites = new Map(anatomy.sites);
  const layers = [...anatomy.layers];
  for (const { part, layer } of parts) {
    if (layer === undefined) continue;
    const hook = BLOCK_HOOKS.find((name) => name === part);
    if (hook) sites.delete(blockHook(layer, hook));
    layers[layer] = layerWithout(layers[layer]!, part);
  }
  return { ...anatomy, sites, layers, missing: [...anatomy.missing, ...parts] };
}

/** Weights are found by the same tensors as hooks, so they go with them. */
function layerWithout(layer: LayerAnatomy, part: MissingPart['part']): LayerAnatomy {
  const { attention, mlp } = layer;
  switch (part) {
    case 'attn.hook_q':
    case 'attn.hook_k':
    case 'attn.hook_v': {
      const { [part.slice(-1) as 'q' | 'k' | 'v']: _, ...rest } = attention!;
      return { ...layer, attention: rest };
    }
    case 'attn.hook_z': {
      const { output: _, ...rest } = attention!;
      return { ...layer, attention: rest };
    }
    case 'mlp.hook_pre': {
      const { pre: _, linear: _linear, ...rest } = mlp!;
      return { ...layer, mlp: rest };
    }
    // Without its neurons an MLP has nothing that could be edited.
    case 'mlp.hook_post': {
      const { mlp: _, ...rest } = layer;
      return rest;
    }
    default:
      return layer;
  }
}
