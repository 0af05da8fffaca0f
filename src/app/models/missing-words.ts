import type { MissingPart, MissingReason, ReasonDetails } from '../../core/missing-reasons';
import { fixed, percent, whole } from '../../views/format';
import type { Words, WordValues } from '../../views/words';

/** Why a part of a model is not shown, in a sentence. Its words are the room `models`'. */
export function missingText({ code, details }: MissingReason, words: Words): string {
  return words(`missing.${code}`, valuesOf(details, words));
}

/** As words take them: numbers in the reader's language. */
function valuesOf(details: ReasonDetails, words: Words): WordValues {
  const values = Object.entries(details).map(([name, value]) => {
    if (typeof value !== 'number') return [name, value];
    if (name !== 'difference') return [name, Number.isInteger(value) ? whole(value) : fixed(value, 3)];
    return [name, Number.isFinite(value) ? percent(value) : words('selfCheck.numberless')];
  });
  return Object.fromEntries(values) as WordValues;
}

/** The part that is missing, and of which layer (counted from 1). Hooks keep their names, which are the field's own. */
export function missingPartText({ part, layer }: MissingPart, words: Words): string {
  const named = part === 'anatomy' || part === 'attention' || part === 'inside-attention';
  const name = named ? words(`missing.part.${part}`) : part;
  return layer === undefined ? name : words('missing.ofLayer', { part: name, layer: layer + 1 });
}
