import { StrataError, type ErrorRecord } from '../core/errors';
import { factOf, type Fact, type FactFields, type PreparedFact } from '../core/fact';
import type { Turn } from '../core/figure';
import type { ModelApi } from '../core/model-api';
import type { ProbeRun } from './ProbeRun.svelte';

/** One run in the order of the page; `options` is asked anew for each, `wanted` says whether it is made at all. */
export interface Step {
  readonly run: AnyRun;
  readonly options: (fact: Fact) => unknown;
  readonly wanted?: () => boolean;
  /** Absent: `usual`. */
  readonly turn?: Turn;
}

/** A run whose answers are nobody's business here. */
type AnyRun = Pick<ProbeRun<unknown, unknown>, 'run' | 'drop' | 'cancel' | 'reset' | 'error' | 'canGoOn'>;

/** Nobody waits longer than this after typing before work begins. */
const LONGEST_PAUSE_MS = 1500;

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
  /** Milliseconds of the first run of the last round: little more than one pass, which cannot be taken back. */
  #pass = 0;

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

  /**
   * Shows the text in tokens at once and runs a little later, unless more is typed meanwhile: after at least `least`
   * milliseconds, longer where a pass takes longer, since one that has begun cannot be taken back.
   */
  runSoon(least: number): void {
    clearTimeout(this.#timer);
    this.#waiting = true;
    const pause = Math.max(least, least > 0 ? Math.min(this.#pass, LONGEST_PAUSE_MS) : 0);
    this.#timer = setTimeout(() => void this.run(), pause);
    if (this.#fields.prompt !== '') void this.#prepare();
  }

  /**
   * Puts the fact into tokens and runs every wanted probe in order. True when all of it was done.
   * @param own The page asks of itself: what a person began and can go on with stays.
   */
  async run(own = false): Promise<boolean> {
    this.#stopWaiting();
    const mine = {};
    this.#latest = mine;
    for (const { run } of this.#steps) if (!(own && run.canGoOn)) run.drop();
    this.#error = undefined;
    if (this.#fields.prompt === '') {
      this.#prepared = undefined;
      return false;
    }
    return this.#job(mine, () => this.#round(mine));
  }

  async #round(mine: Job): Promise<boolean> {
    const prepared = await this.#prepare();
    if (mine !== this.#latest || !prepared || prepared.tokensOver > 0) return false;
    this.#onPrepared?.(prepared);
    let pass: number | undefined;
    for (const step of this.#steps) {
      if (step.wanted && !step.wanted()) continue;
      const begin = performance.now();
      await step.run.run(prepared.fact, step.options(prepared.fact));
      if (mine !== this.#latest) return false;
      this.#pass = pass ??= performance.now() - begin;
    }
    return this.error === undefined;
  }

  /** Makes the runs of one turn that are wanted by now, e.g. since more is known of the fact than when it was asked. */
  async turn(turn: Turn): Promise<void> {
    if (!this.#readable) return;
    const fields = this.#fields;
    const { fact } = this;
    let ended = false;
    const mine = { cancel: () => (ended = true) };
    await this.#job(mine, async () => {
      for (const step of this.#steps.filter((one) => one.turn === turn)) {
        if (ended || this.#fields !== fields || !(step.wanted?.() ?? true)) continue;
        await step.run.run(fact, step.options(fact));
      }
    });
  }

  /** What stands in tokens is the prompt as it is typed, and it can be run. */
  get #readable(): boolean {
    return this.#prepared?.fact.prompt === this.#fields.prompt && this.#prepared.tokensOver === 0;
  }

  /** The text in tokens, read once for each change of it, also when the rest of the work was cancelled or fails. */
  #prepare(): Promise<PreparedFact | undefined> {
    const fields = this.#fields;
    if (this.#preparing?.fields !== fields) this.#preparing = { fields, prepared: this.#read(fields) };
    return this.#preparing.prepared;
  }
  #preparing: { readonly fields: FactFields; readonly prepared: Promise<PreparedFact | undefined> } | undefined;

  async #read(fields: FactFields): Promise<PreparedFact | undefined> {
    const fact = factOf(fields);
    const current = (): boolean => this.#fields === fields;
    try {
      const prepared = await this.#api.prepare(fact);
      if (current()) {
        this.#prepared = prepared;
        this.#error = undefined;
      }
      return prepared;
    } catch (cause) {
      // It is read anew when it is asked for again.
      if (this.#preparing?.fields === fields) this.#preparing = undefined;
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
  async again(run: AnyRun): Promise<void> {
    const step = this.#steps.find((one) => one.run === run && (one.wanted?.() ?? true));
    if (!step || !this.#readable) return;
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
    this.#preparing = undefined;
    this.#prepared = undefined;
    this.#error = undefined;
    for (const step of this.#steps) step.run.reset();
  }
}
