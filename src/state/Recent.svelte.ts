import * as v from 'valibot';
import { forget, keep, recall } from './persisted';
import { PROMPT_FORMS, promptOptions, type FactFields } from '../core/fact';

const KEY = 'recent';
const LIMIT = 30;
const LONGEST = 2000;

const Text = v.pipe(v.string(), v.maxLength(LONGEST));
const Asked = v.object({
  prompt: Text,
  answer: Text,
  foil: Text,
  form: v.optional(v.picklist(PROMPT_FORMS)),
  bos: v.optional(v.boolean()),
});
/** What is no fact is left out, the others stay. */
const Facts = v.pipe(
  v.array(v.fallback(v.optional(Asked), undefined)),
  v.transform((facts) => facts.slice(0, LIMIT).filter((fact) => fact !== undefined)),
);

/** Facts asked lately, newest first; they stay on this device and can be cleared. */
export class Recent {
  #facts = $state.raw<readonly FactFields[]>(recall<readonly FactFields[]>(KEY, Facts, []));

  get facts(): readonly FactFields[] {
    return this.#facts;
  }

  add({ prompt, answer, foil, form, bos }: FactFields): void {
    if (!prompt.trim() || prompt.length > LONGEST) return;
    const others = this.#facts.filter((fact) => fact.prompt !== prompt || fact.answer !== answer);
    this.#facts = [{ prompt, answer, foil, ...promptOptions({ form, bos }) }, ...others].slice(0, LIMIT);
    keep(KEY, this.#facts);
  }

  clear(): void {
    this.#facts = [];
    forget(KEY);
  }
}
