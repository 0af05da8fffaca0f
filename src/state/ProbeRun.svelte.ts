import { OVERTAKEN, StrataError, type ErrorCode, type ErrorRecord } from '../core/errors';
import type { Fact, Labels } from '../core/fact';
import type { ModelApi, ProbeResponse, RunProgress } from '../core/model-api';

/** What ended a run for no fault of its own: the rest of it may well succeed. */
const CUT_SHORT: ReadonlySet<ErrorCode> = new Set(['worker-lost', 'device-lost', 'out-of-memory', 'deadline']);

/** What a result belongs to. */
export interface Probed<Result> {
  readonly fact: Fact | undefined;
  readonly options: unknown;
  readonly response: ProbeResponse<Result>;
}

/** What a run has handed over so far; stays after it was stopped or failed. */
export interface PartsSoFar<Part> {
  readonly fact: Fact | undefined;
  readonly options: unknown;
  readonly parts: readonly Part[];
  /** Labels of the tokens that the parts name. */
  readonly labels: Labels;
  readonly ended: 'no' | 'done' | 'stopped' | 'failed';
}

/**
 * One probe's latest result. The old one stays until the new one is there; only the latest request counts, the one
 * before it is cancelled.
 */
export class ProbeRun<Result, Part = never> {
  readonly id: string;
  #api: ModelApi;
  #latest = $state.raw<Probed<Result> | undefined>();
  #soFar = $state.raw<PartsSoFar<Part> | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #working = $state(false);
  #progress = $state.raw<RunProgress | undefined>();
  #controller: AbortController | undefined;
  #options: unknown;
  /** The run whose parts {@link soFar} holds. */
  #author = $state.raw<AbortController | undefined>();
  #current = $state.raw<AbortController | undefined>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: ModelApi, id: string) {
    this.#api = api;
    this.id = id;
  }

  get latest(): Probed<Result> | undefined {
    return this.#latest;
  }
  /** Options of the run under way, else of what is shown. */
  get asked(): unknown {
    return this.#working ? this.#options : this.#latest?.options;
  }
  get result(): Result | undefined {
    return this.#latest?.response.result;
  }
  /** Parts of the run that handed some over last. */
  get soFar(): PartsSoFar<Part> | undefined {
    return this.#soFar;
  }
  /** Another run is under way, and {@link soFar} still holds the one before. */
  get partsAreOld(): boolean {
    return this.#current !== undefined && this.#current !== this.#author;
  }
  get error(): ErrorRecord | undefined {
    return this.#error;
  }
  get working(): boolean {
    return this.#working;
  }
  get progress(): RunProgress | undefined {
    return this.#progress;
  }
  /** It was cut short after parts were handed over, and can go on from there. */
  get canGoOn(): boolean {
    return typeof this.#error?.details['parts'] === 'number';
  }

  /** How much of the work under way is done, from 0 to 1; undefined where it is one step or none. */
  get share(): number | undefined {
    const progress = this.#progress;
    if (!this.#working || !progress || (progress.total < 2 && !progress.lens)) return undefined;
    const { done, total, lens } = progress;
    return (done + (lens ? lens.done / lens.total : 0)) / total;
  }

  /** True while what is shown answers another fact than this one. */
  staleFor(fact: Fact): boolean {
    const shown = this.#latest?.fact;
    return shown !== undefined && shown !== fact && JSON.stringify(shown) !== JSON.stringify(fact);
  }

  /** Resolves with the response, or undefined when it was overtaken, cancelled or failed. Never throws. */
  run(fact: Fact | undefined, options: unknown): Promise<ProbeResponse<Result> | undefined> {
    return this.#begin(this.#run(fact, options, []));
  }

  /** Takes up a run that was cut short where it ended; what is there stays. */
  async goOn(): Promise<ProbeResponse<Result> | undefined> {
    const soFar = this.#soFar;
    return soFar && this.#begin(this.#run(soFar.fact, soFar.options, soFar.parts, soFar.labels));
  }

  /** Resolves when nothing is under way any more. */
  async ended(): Promise<void> {
    while (this.#working) await this.#last;
  }

  #begin<T>(work: Promise<T>): Promise<T> {
    this.#last = work;
    return work;
  }

  async #run(
    fact: Fact | undefined,
    options: unknown,
    have: readonly Part[],
    known: Labels = {},
  ): Promise<ProbeResponse<Result> | undefined> {
    this.cancel(OVERTAKEN);
    const controller = new AbortController();
    const current = (): boolean => this.#controller === controller;
    this.#controller = controller;
    this.#options = options;
    this.#current = controller;
    this.#working = true;
    this.#error = undefined;
    this.#progress = undefined;
    let parts = have;
    let labels = known;
    const keep = (ended: PartsSoFar<Part>['ended']): void => {
      this.#author = controller;
      this.#soFar = { fact, options, parts, labels, ended };
    };
    if (have.length > 0) keep('no');
    try {
      const response = await this.#api.runProbe<Result, Part>(
        { probe: this.id, ...(fact ? { fact } : {}), options, ...(have.length > 0 ? { have } : {}) },
        {
          signal: controller.signal,
          onProgress: (progress) => {
            if (current()) this.#progress = progress;
          },
          onPart: (part, more) => {
            if (!current()) return;
            parts = [...parts, part];
            labels = { ...labels, ...more };
            keep('no');
          },
        },
      );
      if (!current()) return undefined;
      if (this.#author === controller) keep('done');
      this.#latest = { fact, options, response };
      return response;
    } catch (cause) {
      const error = StrataError.from(cause).toRecord();
      if (current() && error.code !== 'cancelled') {
        // Also when it was taken up and did not even begin, e.g. since the model could not be loaded again.
        const goesOn = parts.length > 0 && (CUT_SHORT.has(error.code) || parts === have);
        this.#error = goesOn ? { ...error, details: { ...error.details, parts: parts.length } } : error;
        if (this.#author === controller) keep('failed');
      }
      return undefined;
    } finally {
      if (current()) this.#end();
    }
  }

  #end(): void {
    this.#working = false;
    this.#controller = undefined;
    this.#current = undefined;
  }

  /**
   * Stops what is under way; parts that are there stay.
   * @param reason {@link OVERTAKEN} when newer work takes its place; absent when a person says stop.
   */
  cancel(reason?: typeof OVERTAKEN): void {
    const controller = this.#controller;
    controller?.abort(reason);
    if (controller && controller === this.#author && this.#soFar?.ended === 'no') {
      this.#soFar = { ...this.#soFar, ended: 'stopped' };
    }
    this.#end();
  }

  /** Gives up what is under way and forgets what went wrong; the result stays. */
  drop(): void {
    this.cancel(OVERTAKEN);
    this.#error = undefined;
  }

  /** Forgets the result, e.g. when another model is loaded. */
  reset(): void {
    this.drop();
    this.#latest = undefined;
    this.#soFar = undefined;
  }
}
