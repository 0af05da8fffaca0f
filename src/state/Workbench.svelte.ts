import { StrataError, type ErrorRecord } from '../core/errors';
import { parseAnswers, type Fact, type PreparedFact, type PromptForm } from '../core/fact';
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
  /** Absent: as text. */
  readonly form?: PromptForm | undefined;
  /** Whether the token that begins a text stands in front; absent: as the tokenizer or the chat template has it. */
  readonly bos?: boolean | undefined;
}

/** Text, as typed, to a fact. */
export function factOf({ prompt, answer, foil, subject, form, bos }: FactFields): Fact {
  return {
    prompt,
    answers: parseAnswers(answer),
    ...(foil.trim() ? { foil: foil.trim() } : {}),
    ...(subject ? { subject } : {}),
    ...(form ? { form } : {}),
    ...(bos === undefined ? {} : { bos }),
  };
}

/** Work under way: the whole round, a single probe again, or something beside them. */
interface Job {
  readonly cancel?: () => void;
}

/** Hears of each new fact in tokens. */
export type OnPrepared = (prepared: PreparedFact) => void;

/** The fact on the table and the probes that answer it; results follow typing, the latest text wins. */
export class Workbench {
  #api: ModelApi;
  #steps: readonly Step[];
  #onPrepared: OnPrepared | undefined;
  #fields = $state.raw<FactFields>({ prompt: '', answer: '', foil: '' });
  #prepared = $state.raw<PreparedFact | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #jobs = $state.raw<readonly Job[]>([]);
  /** Nothing runs yet: more may be typed. */
  #waiting = $state(false);
  #latest: Job | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly fact = $derived(factOf(this.#fields));

  /** @param onPrepared Called with each fact in tokens before anything is run on it. */
  constructor(api: ModelApi, steps: readonly Step[], onPrepared?: OnPrepared) {
    this.#api = api;
    this.#steps = steps;
    this.#onPrepared = onPrepared;
  }

  get fields(): FactFields {
    return this.#fields;
  }
  /**
   * The fact in tokens; undefined until a text has been read and where it cannot be. Where only an answer or the foil
   * cannot be read, the prompt's tokens stand there without answers.
   */
  get prepared(): PreparedFact | undefined {
    return this.#prepared;
  }
  /** What went wrong last and has not been mended since. */
  get error(): ErrorRecord | undefined {
    return this.#error ?? this.#steps.find((step) => step.run.error)?.run.error;
  }
  /** Something is under way that {@link cancel} would end, or about to be. */
  get working(): boolean {
    return this.#waiting || this.#jobs.length > 0;
  }

  set(fields: FactFields): void {
    this.#fields = fields;
  }

  /** Runs a little later, unless more is typed meanwhile. */
  runSoon(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#waiting = true;
    this.#timer = setTimeout(() => void this.run(), milliseconds);
  }

  /** Puts the fact into tokens and runs every wanted probe in order. True when all of it was done. */
  async run(): Promise<boolean> {
    this.#stopWaiting();
    const mine = {};
    this.#latest = mine;
    for (const step of this.#steps) step.run.drop();
    this.#error = undefined;
    if (this.#fields.prompt === '') {
      this.#prepared = undefined;
      return false;
    }
    return this.#job(mine, () => this.#round(mine));
  }

  async #round(mine: Job): Promise<boolean> {
    const fact = factOf(this.#fields);
    const prepared = await this.#prepare(fact);
    if (mine !== this.#latest || !prepared || prepared.tokensOver > 0) return false;
    this.#onPrepared?.(prepared);
    for (const step of this.#steps) {
      if (step.wanted && !step.wanted()) continue;
      await step.run.run(fact, step.options(fact));
      if (mine !== this.#latest) return false;
    }
    return this.error === undefined;
  }

  /** What is shown in tokens is the text as it stands, also when the rest of the work was cancelled or fails. */
  async #prepare(fact: Fact): Promise<PreparedFact | undefined> {
    const fields = this.#fields;
    const current = (): boolean => this.#fields === fields;
    try {
      const prepared = await this.#api.prepare(fact);
      if (current()) this.#prepared = prepared;
      return prepared;
    } catch (cause) {
      if (!current()) return undefined;
      this.#error = StrataError.from(cause).toRecord();
      const shown = await this.#promptAlone(fact);
      if (current()) this.#prepared = shown;
      return undefined;
    }
  }

  async #promptAlone(fact: Fact): Promise<PreparedFact | undefined> {
    const { foil: _, ...rest } = fact;
    try {
      return { ...(await this.#api.prepare({ ...rest, answers: [] })), fact };
    } catch {
      // The prompt itself cannot be read; the error says so already.
      return undefined;
    }
  }

  /** Runs one probe again, e.g. after one of its switches was changed; {@link working} and {@link error} tell of it. */
  async again(run: ProbeRun<unknown>): Promise<void> {
    const step = this.#steps.find((one) => one.run === run && (one.wanted?.() ?? true));
    const readable = this.#prepared?.fact.prompt === this.#fields.prompt && this.#prepared.tokensOver === 0;
    if (!step || !readable) return;
    const fact = this.fact;
    await this.#job({}, () => run.run(fact, step.options(fact)));
  }

  /** Work beside the probes of the page that shows as {@link working} and ends with {@link cancel}; typing lets it be. */
  async also(work: () => Promise<unknown>, cancel: () => void): Promise<void> {
    await this.#job({ cancel }, work);
  }

  async #job<T>(job: Job, work: () => Promise<T>): Promise<T> {
    this.#jobs = [...this.#jobs, job];
    try {
      return await work();
    } finally {
      this.#jobs = this.#jobs.filter((other) => other !== job);
    }
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#waiting = false;
  }

  cancel(): void {
    this.#latest = undefined;
    this.#stopWaiting();
    for (const step of this.#steps) step.run.cancel();
    for (const job of this.#jobs) job.cancel?.();
    this.#jobs = [];
  }

  /** Forgets all results, e.g. before another model answers. */
  reset(): void {
    this.cancel();
    this.#prepared = undefined;
    this.#error = undefined;
    for (const step of this.#steps) step.run.reset();
  }
}
