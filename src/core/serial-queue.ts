import { StrataError, throwIfAborted } from './errors';

/** One piece of work at a time, first come first served. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  readonly #closed = new AbortController();

  /**
   * Runs `work` when all earlier work has ended, well or badly. A signal that fires while the work still waits
   * takes it out of the queue; once it runs, what an abort means is the work's own affair.
   * @throws StrataError `cancelled` when it was taken out or the queue was closed.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let started = false;
    const result = this.#tail.then(() => {
      throwIfAborted(this.#closed.signal);
      throwIfAborted(signal);
      started = true;
      return work();
    });
    this.#tail = result.catch(() => undefined);
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        if (!started) reject(new StrataError('cancelled', 'The work was cancelled before it began.'));
      };
      const signals = signal ? [signal, this.#closed.signal] : [this.#closed.signal];
      for (const one of signals) one.addEventListener('abort', leave, { once: true });
      const forget = () => signals.forEach((one) => one.removeEventListener('abort', leave));
      result.then(resolve, reject).finally(forget);
    });
  }

  /** Resolves when everything queued so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Takes out what waits; nothing more is accepted. */
  close(): void {
    this.#closed.abort();
  }
}
