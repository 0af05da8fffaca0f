/** Aborts a connection that brings nothing for too long, and passes on the caller's own abort. */
export class StallWatch {
  readonly #controller = new AbortController();
  readonly #limit: number;
  readonly #outer: AbortSignal | undefined;
  readonly #passOn = (): void => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout>;
  stalled = false;

  constructor(limit: number, outer: AbortSignal | undefined) {
    this.#limit = limit;
    this.#outer = outer;
    this.#timer = this.#arm();
    outer?.addEventListener('abort', this.#passOn, { once: true });
    if (outer?.aborted) this.#controller.abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#passOn);
  }

  #arm(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.#limit);
  }
}
