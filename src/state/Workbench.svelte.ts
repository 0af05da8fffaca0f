import { StrataError, type ErrorRecord } from '../core/errors';
import { parseAnswers, type Fact, type PreparedFact } from '../core/fact';
import type { ModelApi } from '../core/model-api';
import type { ProbeRun } from './ProbeRun.svelte';

/** One probe in the order of the page; `options` is asked anew for each run, `wanted` says whether it runs at all. */
export interface Step {
  readonly run: ProbeRun<unknown>;
  readonly options: (fact: Fact) => unknown;
  readonly wanted?: () => boolean;
}

export interface FactFields {
  readonly prompt: string;
  readonly answer: string;
  readonly foil: string;
  readonly subject?: readonly [number, number] | undefined;
}

/** Text, as typed, to a fact. */
export function factOf({ prompt, answer, foil, subject }: FactFields): Fact {
  return {
    prompt,
    answers: parseAnswers(answer),
    ...(foil.trim() ? { foil: foil.trim() } : {}),
    ...(subject ? { subject } : {}),
  };
}

/** The fact on the table and the probes that answer it; results follow typing, the latest text wins. */
export class Workbench {
  #api: ModelApi;
  #steps: readonly Step[];
  #fields = $state.raw<FactFields>({ prompt: '', answer: '', foil: '' });
  #prepared = $state.raw<PreparedFact | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #working = $state(false);
  #latest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly fact = $derived(factOf(this.#fields));

  constructor(api: ModelApi, steps: readonly Step[]) {
    this.#api = api;
    this.#steps = steps;
  }

  get fields(): FactFields {
    return this.#fields;
  }
  /** The fact in tokens: of the latest text that could be read. */
  get prepared(): PreparedFact | undefined {
    return this.#prepared;
  }
  get error(): ErrorRecord | undefined {
    return this.#error;
  }
  get working(): boolean {
    return this.#working;
  }

  set(fields: FactFields): void {
    this.#fields = fields;
  }

  /** Runs a little later, unless more is typed meanwhile. */
  runSoon(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.run(), milliseconds);
  }

  /** Puts the fact into tokens and runs every wanted probe in order. True when all of it was done. */
  async run(): Promise<boolean> {
    clearTimeout(this.#timer);
    const mine = ++this.#latest;
    const fact = this.fact;
    for (const step of this.#steps) step.run.cancel();
    this.#error = undefined;
    if (fact.prompt === '') {
      this.#prepared = undefined;
      this.#working = false;
      return false;
    }
    this.#working = true;
    try {
      const prepared = await this.#api.prepare(fact);
      if (mine !== this.#latest) return false;
      this.#prepared = prepared;
      if (prepared.tokensOver > 0) {
        this.#working = false;
        return false;
      }
      for (const step of this.#steps) {
        if (step.wanted && !step.wanted()) continue;
        await step.run.run(fact, step.options(fact));
        if (mine !== this.#latest) return false;
        if (step.run.error) this.#error ??= step.run.error;
      }
      return this.#error === undefined;
    } catch (cause) {
      if (mine === this.#latest) this.#error = StrataError.from(cause).toRecord();
      return false;
    } finally {
      if (mine === this.#latest) this.#working = false;
    }
  }

  /** Runs one probe again, e.g. after one of its switches was changed. */
  async again(run: ProbeRun<unknown>): Promise<void> {
    const step = this.#steps.find((one) => one.run === run);
    if (!step || !this.#prepared || this.#prepared.tokensOver > 0) return;
    await run.run(this.fact, step.options(this.fact));
    if (run.error) this.#error = run.error;
  }

  cancel(): void {
    this.#latest++;
    clearTimeout(this.#timer);
    for (const step of this.#steps) step.run.cancel();
    this.#working = false;
  }

  /** Forgets all results, e.g. before another model answers. */
  reset(): void {
    this.cancel();
    this.#prepared = undefined;
    this.#error = undefined;
    for (const step of this.#steps) step.run.reset();
  }
}
