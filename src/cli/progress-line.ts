import type { LoadProgress } from '../core/model-api';

/** In a file or a log: not more often than this, and never for what is quick. */
const LOG_INTERVAL_MS = 10_000;
const NOT_KEPT = 'The model cannot be kept on this disk; it works now, and will be fetched again next time.';
const CLEAR_LINE = '\r\u001b[2K';

/** Where progress is shown. */
export interface ProgressOutput {
  readonly write: (text: string) => unknown;
  /** A terminal's line is written over; a file's cannot be. */
  readonly terminal: boolean;
}

/** Download progress in words, one line that changes in a terminal, a line now and then elsewhere. */
export class ProgressLine {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #logged: number;
  #shown = false;

  constructor(output: ProgressOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#logged = now();
  }

  show(event: LoadProgress): void {
    // The only note while files are fetched: there is no room to keep them.
    if (event.stage === 'note') return this.#say(NOT_KEPT);
    if (event.stage !== 'download' || event.fromStorage || event.totalBytes === 0) return;
    const text = inWords(event);
    if (this.#output.terminal) {
      this.#output.write(`${CLEAR_LINE}${text}`);
      this.#shown = true;
    } else if (this.#now() - this.#logged >= LOG_INTERVAL_MS) {
      this.#logged = this.#now();
      this.#say(text);
    }
  }

  /** Takes the line away, so that what is said next stands alone. */
  clear(): void {
    if (this.#shown) this.#output.write(CLEAR_LINE);
    this.#shown = false;
  }

  #say(text: string): void {
    this.clear();
    this.#output.write(`${text}\n`);
  }
}

function inWords({
  receivedBytes,
  totalBytes,
  bytesPerSecond,
}: Extract<LoadProgress, { readonly stage: 'download' }>): string {
  const percent = Math.floor((100 * receivedBytes) / totalBytes);
  const amount = `Downloading: ${percent} % of ${megabytes(totalBytes)} MB`;
  if (bytesPerSecond === 0) return amount;
  const seconds = Math.ceil((totalBytes - receivedBytes) / bytesPerSecond);
  const left = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `${amount}, ${megabytes(bytesPerSecond)} MB/s, about ${left} left`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);
}
