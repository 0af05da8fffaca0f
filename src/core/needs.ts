import type { ModelInfo } from './model';
import { patternLayers } from './patterns';
import type { Missing } from './probe';

/** What the logit lens needs: the residual stream and the way from it to the logits. */
export function needsLens({ hooks }: ModelInfo): Missing | undefined {
  return hooks.includes('logit_lens') ? undefined : { part: 'logit_lens' };
}

/** What pictures of attention need: at least one layer that shows its pattern. */
export function needsPatterns(info: ModelInfo): Missing | undefined {
  return patternLayers(info).length > 0 ? undefined : { part: 'attention' };
}
