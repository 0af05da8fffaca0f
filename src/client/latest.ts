import { StrataError } from '../core/errors';

/**
 * Latest wins: starting new work cancels the work before it, whose outcome nobody gets to see. For results that
 * follow typing.
 */
export class Latest<Args extends readonly unknown[], Result> {
  readonly #work: (signal: AbortSignal, ...args: Args) => Promise<Result>;
  #current: AbortController | undefined;

  constructor(work: (signal: AbortSignal, ...args: Args) => Promise<Result>) {
    this.#work = work;
  }

  /** True while the newest work is under way. */
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** @returns undefined when newer work took its place, or it was cancelled, before it ended. */
  async run(...args: Args): Promise<Result | undefined> {
    this.cancel();
    const mine = new AbortController();
    this.#current = mine;
    try {
      const result = await this.#work(mine.signal, ...args);
      return this.#current === mine ? result : undefined;
    } catch (cause) {
      const error = StrataError.from(cause);
      if (this.#current !== mine || error.code === 'cancelled') return undefined;
      throw error;
    } finally {
      if (this.#current === mine) this.#current = undefined;
    }
  }

  cancel(): void {
    this.#current?.abort();
    this.#current = undefined;
  }
}
