/**
 * Hands parts over one at a time: the next is made only once the one before was asked for. One side puts, the other
 * takes; after {@link end} takers get `undefined`.
 */
export class PartSlot<T> {
  #waiting: { readonly part: T; readonly taken: () => void } | undefined;
  #taker: ((part: T | undefined) => void) | undefined;
  #ended = false;

  /** Resolves when the part was taken. */
  put(part: T): Promise<void> {
    if (this.#ended) return Promise.resolve();
    if (this.#taker) {
      const take = this.#taker;
      this.#taker = undefined;
      take(part);
      return Promise.resolve();
    }
    return new Promise((taken) => (this.#waiting = { part, taken }));
  }

  /** The next part, once there is one; undefined when there will be none. */
  take(): Promise<T | undefined> {
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = undefined;
      waiting.taken();
      return Promise.resolve(waiting.part);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#taker = resolve));
  }

  /** No more parts: who waits for one, on either side, waits no longer. */
  end(): void {
    this.#ended = true;
    this.#waiting?.taken();
    this.#waiting = undefined;
    this.#taker?.(undefined);
    this.#taker = undefined;
  }
}
