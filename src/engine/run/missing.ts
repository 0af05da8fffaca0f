import { parseHook } from '../../core/hooks';
import type { MissingPart } from '../../core/missing-reasons';
import { missingSentence } from '../../core/missing-sentences';
import type { ModelInfo } from '../../core/model';

/** Why a model has no such hook, as far as its anatomy says, in English; `hook` may hold `*`. */
export function missingReason(info: ModelInfo, hook: string): string | undefined {
  const ofModel = ({ part, layer }: MissingPart): boolean => layer === undefined && hook.includes(part);
  const named = info.missing.find((missing) => missing.part === 'anatomy' || ofModel(missing));
  if (named) return missingSentence(named.reason);
  const parsed = parseHook(hook);
  if (parsed?.kind !== 'block') return undefined;
  if (parsed.layer >= info.dims.n_layers) return `its layers go from 0 to ${info.dims.n_layers - 1}`;
  const area = parsed.hook.startsWith('attn.') ? /attention|^attn/ : /^mlp/;
  const inLayer = info.missing.find(({ part, layer }) => layer === parsed.layer && area.test(part));
  return inLayer && missingSentence(inLayer.reason);
}
