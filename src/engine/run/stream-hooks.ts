import { StrataError } from '../../core/errors';
import { blockHook, type HookName } from '../../core/hooks';
import type { LensRequest } from '../../core/run';
import type { Anatomy } from '../../onnx/anatomy';
import type { LensRows } from '../session/tail-session';

/** The hook after the last layer, which the tail reads; undefined where the anatomy is unknown. */
export function lastStream(anatomy: Anatomy | undefined): HookName | undefined {
  return anatomy && blockHook(anatomy.dims.n_layers - 1, 'hook_resid_post');
}

/** Hooks of the residual stream, bottom to top; none where the anatomy is unknown. */
export function streamHooks(anatomy: Anatomy | undefined): readonly HookName[] {
  return anatomy ? lensRows(anatomy, { midLayers: false }).hooks : [];
}

/**
 * The rows of a lens table.
 * @throws StrataError `unknown-hook` where the anatomy is unknown.
 */
export function lensRows(
  anatomy: Anatomy | undefined,
  { midLayers, rows }: Pick<LensRequest, 'midLayers' | 'rows'>,
): LensRows {
  if (!anatomy)
    throw new StrataError('unknown-hook', 'This model has no logit lens: its anatomy is not known.', {
      hook: 'logit_lens',
    });
  if (rows === 'last') return { hooks: [lastStream(anatomy)!], depths: [anatomy.dims.n_layers] };
  const hooks: HookName[] = [blockHook(0, 'hook_resid_pre')];
  const depths = [0];
  for (let layer = 0; layer < anatomy.dims.n_layers; layer++) {
    const mid = blockHook(layer, 'hook_resid_mid');
    if (midLayers && anatomy.sites.has(mid)) {
      hooks.push(mid);
      depths.push(layer + 0.5);
    }
    hooks.push(blockHook(layer, 'hook_resid_post'));
    depths.push(layer + 1);
  }
  return { hooks, depths };
}
