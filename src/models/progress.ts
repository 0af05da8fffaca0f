import type { LoadProgress } from '../core/model-api';

type Listener = (progress: LoadProgress) => void;

/** Not more often than this, so that progress never becomes the work. */
const INTERVAL_MS = 50;
/** Weight of the newest measurement in the smoothed speed. */
const SMOOTHING = 0.3;

/** Adds up the progress of several files, fetched side by side, into one stream of `download` events. */
export class Meter {
  readonly #listener: Listener | undefined;
  readonly #now: () => number;
  #received = 0;
  #total = 0;
  #network = 0;
  #speed = 0;
  #sampled = { at: Number.NaN, network: 0 };
  #lastEvent = Number.NEGATIVE_INFINITY;
  #full = false;
  /** Of files that another tab fetches: how much is there. */
  readonly #elsewhere = new Map<string, number>();

  constructor(listener: Listener | undefined, now: () => number = () => performance.now()) {
    this.#listener = listener;
    this.#now = now;
  }

  /** Announces a file before its bytes come. */
  expect(bytes: number): void {
    this.#total += bytes;
  }

  /** @param bytes Newly received; negative when a file has to begin again. */
  advance(file: string, bytes: number, origin: 'network' | 'storage'): void {
    this.#received += bytes;
    if (origin === 'network') this.#network += Math.max(0, bytes);
    this.#sample();
    const now = this.#now();
    if (now - this.#lastEvent < INTERVAL_MS && this.#received < this.#total) return;
    this.#lastEvent = now;
    this.#tell(file);
  }

  /**
   * Another tab is fetching the file.
   * @param bytes How much of it is there; undefined when this tab has it or fetches it itself.
   */
  waitFor(file: string, bytes: number | undefined): void {
    if (bytes === undefined) this.#elsewhere.delete(file);
    else {
      this.#elsewhere.set(file, bytes);
      // Also where nothing has come: whoever listens hears that this tab is alive.
      this.#tell(file);
    }
  }

  #tell(file: string): void {
    const elsewhere = [...this.#elsewhere.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#listener?.({
      stage: 'download',
      file,
      receivedBytes: this.#received + elsewhere,
      totalBytes: this.#total,
      bytesPerSecond: Math.round(this.#speed),
      fromStorage: this.#network === 0 && this.#elsewhere.size === 0,
      ...(this.#elsewhere.size > 0 ? { elsewhere: true } : {}),
    });
  }

  /** Says, once, that storage is full and files are kept in memory only. */
  storageFull(): void {
    if (this.#full) return;
    this.#full = true;
    this.#listener?.({ stage: 'note', note: { code: 'storage-full', details: {} } });
  }

  #sample(): void {
    const now = this.#now();
    if (Number.isNaN(this.#sampled.at)) {
      this.#sampled = { at: now, network: this.#network };
      return;
    }
    const seconds = (now - this.#sampled.at) / 1000;
    if (seconds < 0.25) return;
    const current = (this.#network - this.#sampled.network) / seconds;
    this.#speed = this.#speed === 0 ? current : this.#speed + SMOOTHING * (current - this.#speed);
    this.#sampled = { at: now, network: this.#network };
  }
}
