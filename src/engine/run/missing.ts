import { parseHook } from '../../core/hooks';
import type { ModelInfo } from '../../core/model';

/** Why a model has no such hook, as far as its anatomy says; `hook` may hold `*`. */
export function missingReason(info: ModelInfo, hook: string): string | undefined {
  const named = info.missing.find(({ part }) => part === 'anatomy' || hook.includes(part));
  if (named) return named.reason;
  const parsed = parseHook(hook);
  if (parsed?.kind !== 'block') return undefined;
  if (parsed.layer >= info.dims.n_layers) return `its layers go from 0 to ${info.dims.n_layers - 1}`;
  const area = parsed.hook.startsWith('attn.') ? /attention|^attn/ : /^mlp/;
  return info.missing.find(({ part }) => part.endsWith(` of layer ${parsed.layer + 1}`) && area.test(part))?.reason;
}
