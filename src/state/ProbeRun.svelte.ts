import { StrataError, type ErrorRecord } from '../core/errors';
import type { Fact } from '../core/fact';
import type { ModelApi, ProbeResponse, RunProgress } from '../core/model-api';

/** What a result belongs to. */
export interface Probed<Result> {
  readonly fact: Fact | undefined;
  readonly response: ProbeResponse<Result>;
}

/**
 * One probe's latest result. The old one stays until the new one is there; only the latest request counts, the one
 * before it is cancelled.
 */
export class ProbeRun<Result> {
  readonly id: string;
  #api: ModelApi;
  #latest = $state.raw<Probed<Result> | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #working = $state(false);
  #progress = $state.raw<RunProgress | undefined>();
  #controller: AbortController | undefined;

  constructor(api: ModelApi, id: string) {
    this.#api = api;
    this.id = id;
  }

  get latest(): Probed<Result> | undefined {
    return this.#latest;
  }
  get result(): Result | undefined {
    return this.#latest?.response.result;
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
  async run(fact: Fact | undefined, options: unknown): Promise<ProbeResponse<Result> | undefined> {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    this.#working = true;
    this.#error = undefined;
    this.#progress = undefined;
    try {
      const response = await this.#api.runProbe<Result>(
        { probe: this.id, ...(fact ? { fact } : {}), options },
        {
          signal: controller.signal,
          onProgress: (progress) => {
            if (this.#controller === controller) this.#progress = progress;
          },
        },
      );
      if (this.#controller !== controller) return undefined;
      this.#latest = { fact, response };
      return response;
    } catch (cause) {
      const error = StrataError.from(cause).toRecord();
      if (this.#controller === controller && error.code !== 'cancelled') this.#error = error;
      return undefined;
    } finally {
      if (this.#controller === controller) {
        this.#working = false;
        this.#controller = undefined;
      }
    }
  }

  cancel(): void {
    this.#controller?.abort();
    this.#controller = undefined;
    this.#working = false;
  }

  /** Gives up what is under way and forgets what went wrong; the result stays. */
  drop(): void {
    this.cancel();
    this.#error = undefined;
  }

  /** Forgets the result, e.g. when another model is loaded. */
  reset(): void {
    this.drop();
    this.#latest = undefined;
  }
}
