import { StrataError } from './errors';
import { blockHook } from './hooks';
import { missingReason, whyMissing } from './missing-reasons';
import type { ModelInfo } from './model';

/** Layers of this model whose attention pattern can be read, counted from 0. */
export function patternLayers({ hooks, dims }: ModelInfo): number[] {
  const available = new Set<string>(hooks);
  const layers = Array.from({ length: dims.n_layers }, (_, layer) => layer);
  return layers.filter((layer) => available.has(blockHook(layer, 'attn.hook_pattern')));
}

/** @throws StrataError `unknown-anatomy`, with the reason, when no layer shows its pattern. */
export function requirePatterns(info: ModelInfo): number[] {
  const layers = patternLayers(info);
  if (layers.length > 0) return layers;
  const reason = whyMissing(info.missing, 'attention') ?? missingReason('no-patterns');
  const message = `No attention pattern can be read from this model (${reason.code}).`;
  throw new StrataError('unknown-anatomy', message, { part: 'attention', reason: reason.code, ...reason.details });
}
