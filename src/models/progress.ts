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
    this.#listener?.({
      stage: 'download',
      file,
      receivedBytes: this.#received,
      totalBytes: this.#total,
      bytesPerSecond: Math.round(this.#speed),
      fromStorage: this.#network === 0,
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
