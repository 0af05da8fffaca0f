import { forget, keep, recall } from './persisted';
import type { FactFields } from '../core/fact';

const KEY = 'recent';
const LIMIT = 30;
const LONGEST = 2000;

function parseFields(value: unknown): FactFields | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { prompt, answer, foil } = value as Record<string, unknown>;
  const texts = [prompt, answer, foil];
  if (!texts.every((text) => typeof text === 'string' && text.length <= LONGEST)) return undefined;
  return { prompt: prompt as string, answer: answer as string, foil: foil as string };
}

function parseList(value: unknown): readonly FactFields[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, LIMIT).flatMap((item) => parseFields(item) ?? []);
}

/** Facts asked lately, newest first; they stay on this device and can be cleared. */
export class Recent {
  #facts = $state.raw<readonly FactFields[]>(recall<readonly FactFields[]>(KEY, parseList, []));

  get facts(): readonly FactFields[] {
    return this.#facts;
  }

  add({ prompt, answer, foil }: FactFields): void {
    if (!prompt.trim() || prompt.length > LONGEST) return;
    const others = this.#facts.filter((fact) => fact.prompt !== prompt || fact.answer !== answer);
    this.#facts = [{ prompt, answer, foil }, ...others].slice(0, LIMIT);
    keep(KEY, this.#facts);
  }

  clear(): void {
    this.#facts = [];
    forget(KEY);
  }
}
