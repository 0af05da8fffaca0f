import { parseHook, type HookName } from '../core/hooks';
import type { ModelDims } from '../core/model';

/** A hook's values as `[pos, heads, width]`; one "head" where the hook has none. */
export interface HookShape {
  readonly heads: number;
  readonly width: number;
  readonly perHead: boolean;
}

/** Shape of the hooks that hold vectors per position; undefined for patterns, scores and logits. */
export function hookShape(hook: HookName, dims: ModelDims): HookShape | undefined {
  const vector = (width: number): HookShape => ({ heads: 1, width, perHead: false });
  const parsed = parseHook(hook);
  if (parsed?.kind === 'global') return parsed.hook === 'hook_embed' ? vector(dims.d_model) : undefined;
  switch (parsed?.hook) {
    case 'attn.hook_q':
    case 'attn.hook_z':
      return { heads: dims.n_heads, width: dims.d_head, perHead: true };
    case 'attn.hook_k':
    case 'attn.hook_v':
      return { heads: dims.n_kv_heads, width: dims.d_head, perHead: true };
    case 'mlp.hook_pre':
    case 'mlp.hook_post':
      return vector(dims.d_mlp);
    case 'attn.hook_attn_scores':
    case 'attn.hook_pattern':
    case undefined:
      return undefined;
    default:
      return vector(dims.d_model);
  }
}
