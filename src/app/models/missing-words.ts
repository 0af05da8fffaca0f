import type { MissingPart, MissingReason } from '../../core/missing-reasons';
import type { Words } from '../../views/words';

/** Why a part of a model is not shown, in a sentence. Its words are the room `models`'. */
export function missingText({ code, details }: MissingReason, words: Words): string {
  return words(`missing.${code}`, details);
}

/** The part that is missing, and of which layer (counted from 1). Hooks keep their names, which are the field's own. */
export function missingPartText({ part, layer }: MissingPart, words: Words): string {
  const named = part === 'anatomy' || part === 'attention' || part === 'inside-attention';
  const name = named ? words(`missing.part.${part}`) : part;
  return layer === undefined ? name : words('missing.ofLayer', { part: name, layer: layer + 1 });
}
