import type { Fact } from '../core/fact';
import type { ProbeResponse } from '../core/model-api';

/** An answer kept for comparison, with what it belongs to: enough to draw it again. */
export interface KeptAnswer<Result> {
  readonly key: string;
  readonly fact: Fact;
  /** The probe's options that a person chose; empty where they are as usual. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Identity of the model (see `ModelChoice.id`), and its name as shown. */
  readonly modelId: string;
  readonly model: string;
  readonly response: ProbeResponse<Result>;
}

export const MOST_KEPT = 5;

/** One question to one model is kept once, whatever it is called; put in another form it is another question. */
export function keptKey(modelId: string, fact: Fact, options: Readonly<Record<string, unknown>>): string {
  const { prompt, answers, foil = '', form = 'text', bos = 'usual' } = fact;
  return JSON.stringify([modelId, prompt, answers, foil, form, bos, options]);
}

/** Answers laid over each other in a figure; the oldest makes room. */
export class Kept<Result> {
  #answers = $state.raw<readonly KeptAnswer<Result>[]>([]);

  get answers(): readonly KeptAnswer<Result>[] {
    return this.#answers;
  }
  has(key: string): boolean {
    return this.#answers.some((answer) => answer.key === key);
  }
  add(answer: KeptAnswer<Result>): void {
    this.#answers = [...this.#answers.filter((other) => other.key !== answer.key), answer].slice(-MOST_KEPT);
  }
  remove(key: string): void {
    this.#answers = this.#answers.filter((answer) => answer.key !== key);
  }
}
