import { StrataError, throwIfAborted } from '../core/errors';
import { withLock } from '../core/locks';
import { SEGMENT_BYTES } from '../core/stored-file';
import { Hasher, type Checksum } from './checksum';
import { backoff, browserTransport, connectionError, isPassing, statusError, type Transport } from './http';
import { refuseImpostor } from './impostor';
import type { Meter } from './progress';
import { StallWatch } from './stall-watch';
import { storedBytes, type FileStore } from './storage';

/** A file to have: where its bytes are, and what they must be. */
export interface FileRequest {
  /** Name in storage. */
  readonly key: string;
  /** Name in progress and errors. */
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  readonly checksum: Checksum;
  readonly headers?: Readonly<Record<string, string>>;
  /** A file of the app: when it is not what it should be, there may be a new version of the app. */
  readonly own?: boolean;
}

export interface DownloadOptions {
  readonly store: FileStore;
  readonly meter: Meter;
  readonly signal?: AbortSignal | undefined;
  readonly transport?: Transport;
  /** The meter knows of this file already. */
  readonly announced?: boolean;
}

/**
 * A file's bytes, from storage when it is there whole, else from the network: resumed where an earlier download
 * stopped, checked against its checksum, and stored. When storage is full the file is kept in memory only and the
 * meter says so. Aborting keeps what came so far for the next time. Two tabs wanting one file fetch it once.
 * @throws StrataError of the network, `truncated`, `hash-mismatch`, `not-a-model-file` or `cancelled`.
 */
export async function download(file: FileRequest, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const whole = allocate(file, file.bytes);
  await locked(file, options, () => new Download(file, options, whole, true).run());
  return whole;
}

/**
 * {@link download} into storage only, holding one segment in memory at a time.
 * @throws StrataError as {@link download}, and `storage-full`: then nothing of the file is kept.
 */
export async function downloadToStore(file: FileRequest, options: DownloadOptions): Promise<void> {
  const window = allocate(file, Math.min(file.bytes, SEGMENT_BYTES));
  await locked(file, options, () => new Download(file, options, window, false).run());
}

function allocate(file: FileRequest, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new StrataError('out-of-memory', `There is no memory for ${file.name}.`, { bytes }, { cause });
  }
}

/** How often a tab that waits looks how far the other one is. */
const LOOK_MS = 1000;

/** Of two tabs that want one file, the second waits until the first has it, and says so meanwhile. */
async function locked(file: FileRequest, options: DownloadOptions, work: () => Promise<void>): Promise<void> {
  throwIfAborted(options.signal);
  if (!options.announced) options.meter.expect(file.bytes);
  const name = `strata-download:${file.key}`;
  try {
    const done = await withLock(name, { ifAvailable: true }, async (lock) => {
      if (lock) await work();
      return lock !== null;
    });
    if (!done) await afterOther(file, options, name, work);
  } catch (cause) {
    throw StrataError.from(cause);
  }
}

async function afterOther(
  { key, name }: FileRequest,
  { store, meter, signal }: DownloadOptions,
  lock: string,
  work: () => Promise<void>,
): Promise<void> {
  const look = async (): Promise<void> => {
    const record = await store.record(key);
    if (waiting) meter.waitFor(name, record ? storedBytes(record) : 0);
  };
  let waiting = true;
  const timer = setInterval(() => void look(), LOOK_MS);
  const stop = (): void => {
    waiting = false;
    clearInterval(timer);
    meter.waitFor(name, undefined);
  };
  try {
    await look();
    await withLock(lock, signal ? { signal } : {}, () => {
      stop();
      return work();
    });
  } finally {
    stop();
  }
}

class Download {
  readonly #file: FileRequest;
  readonly #options: DownloadOptions;
  readonly #transport: Transport;
  /** The whole file, or a window of one segment that is stored when full. */
  readonly #held: Uint8Array<ArrayBuffer>;
  readonly #keep: boolean;
  #hasher: Hasher;
  #received = 0;
  /** Segments stored so far; storing stops for good once there is no room. */
  #segments = 0;
  #storing = true;
  /** Whether part of the bytes came through a Range request. */
  #resumed = false;
  /** The server does not give parts of files as it should: it is asked for the whole. */
  #whole = false;
  /** The most bytes that ever came. */
  #furthest = 0;

  /** @param keep Whether `held` takes the whole file or only the segment under way. */
  constructor(file: FileRequest, options: DownloadOptions, held: Uint8Array<ArrayBuffer>, keep: boolean) {
    this.#file = file;
    this.#options = options;
    this.#transport = options.transport ?? browserTransport;
    this.#held = held;
    this.#keep = keep;
    this.#hasher = this.#newHasher();
  }

  async run(): Promise<void> {
    if (await this.#fromStorage()) return;
    for (let again = false; ; again = true) {
      try {
        await this.#fetchRest();
        return;
      } catch (cause) {
        const error = StrataError.from(cause);
        if (error.code !== 'hash-mismatch') throw this.#ofOurs(error);
        // Nothing wrong is kept. A part may have been of an older version of the file, or the server counts otherwise:
        // begin again, once, without parts.
        await this.#restart();
        if (again || !this.#resumed) throw this.#ofOurs(error);
        // After 416 it is the length that is wrong, which only a further part shows.
        this.#whole = error.details['status'] !== 416;
      }
    }
  }

  #newHasher(): Hasher {
    return new Hasher(this.#file.checksum.algorithm, this.#file.bytes, !this.#keep);
  }

  /** Reads what is stored. True when that is the whole, checked file. */
  async #fromStorage(): Promise<boolean> {
    const { store } = this.#options;
    const { key, bytes, checksum } = this.#file;
    const record = await store.record(key);
    if (!record) return false;
    if (record.bytes !== bytes || record.checksum !== checksum.hex) {
      await store.delete(key);
      return false;
    }
    if (record.complete && !this.#keep) {
      this.#options.meter.advance(this.#file.name, bytes, 'storage');
      return true;
    }
    for (let index = 0; index < record.segments; index++) {
      throwIfAborted(this.#options.signal);
      const segment = await store.segment(key, index);
      const expected = Math.min(SEGMENT_BYTES, bytes - this.#received);
      if (segment?.length !== expected) {
        await this.#restart();
        return false;
      }
      // A complete file was checked when it was stored.
      this.#append(segment, record.complete ? undefined : this.#hasher, 'storage');
      this.#segments = index + 1;
    }
    if (!record.complete || this.#received !== bytes) return false;
    return true;
  }

  /** Fetches from where we are to the end, through as many connections as it takes, then checks and stores. */
  async #fetchRest(): Promise<void> {
    let failures = 0;
    this.#furthest = this.#received;
    while (this.#received < this.#file.bytes) {
      const asked = this.#received > 0 && !this.#whole;
      try {
        await this.#connection();
      } catch (cause) {
        throwIfAborted(this.#options.signal);
        const error = connectionError(cause, this.#file.url);
        failures = this.#received > this.#furthest ? 1 : failures + 1;
        this.#furthest = Math.max(this.#furthest, this.#received);
        const passing = isPassing(error) && failures < this.#transport.attempts;
        if (!passing && (!asked || !REFUSED.has(error.code))) throw error;
        // Some servers answer a request for the rest of a file with an error. What is here is kept until they send more.
        if (!passing) this.#whole = true;
        else await this.#transport.wait(backoff(failures, error), this.#options.signal);
      }
    }
    await this.#check();
    await this.#storeSegments(true);
  }

  /** One request and its body. Returns when the file is whole; throws `truncated` when the body ends early. */
  async #connection(): Promise<void> {
    const file = this.#file;
    const watch = new StallWatch(this.#transport.stallMs, this.#options.signal);
    try {
      const headers: Record<string, string> = { ...file.headers };
      if (this.#received > 0 && !this.#whole) {
        headers['Range'] = `bytes=${this.#received}-`;
        this.#resumed = true;
      }
      const response = await this.#transport.fetch(file.url, { headers, signal: watch.signal, cache: 'no-store' });
      if (response.status === 416) throw this.#changed({ status: 416 });
      if (!response.ok) throw statusError(response, file.url);
      refuseHtml(response, file);
      await this.#matchRange(response);
      await this.#readBody(response, watch);
    } catch (cause) {
      throw watch.stalled ? truncated(file, this.#received) : cause;
    } finally {
      watch.stop();
    }
  }

  async #readBody(response: Response, watch: StallWatch): Promise<void> {
    const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
    if (!reader) throw truncated(this.#file, this.#received);
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done) break;
        watch.touch();
        if (this.#received + value.length > this.#file.bytes) {
          throw new StrataError('hash-mismatch', `${this.#file.name} is longer than it should be.`, this.#details());
        }
        if (this.#received === 0) refuseImpostor(this.#file.name, value, { url: this.#file.url, place: 'server' });
        for (let at = 0; at < value.length;) {
          const piece = value.subarray(at, at + this.#held.length - this.#offset);
          this.#append(piece, this.#hasher, 'network');
          await this.#storeSegments(false);
          at += piece.length;
        }
      }
    } finally {
      // Also ends the transfer when we stop reading early; a body that failed has nothing left to cancel.
      await reader.cancel().catch(() => undefined);
    }
    if (this.#received < this.#file.bytes) throw truncated(this.#file, this.#received);
  }

  /** Makes the answer's range and our position agree: a server may ignore Range and send everything. */
  async #matchRange(response: Response): Promise<void> {
    if (this.#received === 0) return;
    if (response.status === 200) return this.#restart();
    // Across origins the header may be hidden from us; the checksum decides then.
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
    if (!range) return;
    const [, start, total] = range;
    if (Number(start) !== this.#received || (total !== '*' && Number(total) !== this.#file.bytes)) {
      throw this.#changed();
    }
  }

  #ofOurs(error: StrataError): StrataError {
    if (!this.#file.own) return error;
    return new StrataError(error.code, error.message, { ...error.details, own: true }, { cause: error });
  }

  /** What is there has another length than it should. */
  #changed(seen: Readonly<Record<string, number>> = {}): StrataError {
    const details = { ...this.#details(), ...seen };
    return new StrataError('hash-mismatch', `${this.#file.name} has changed on the server.`, details);
  }

  /** Where the next byte goes in what is held. */
  get #offset(): number {
    return this.#keep ? this.#received : this.#received - this.#segments * SEGMENT_BYTES;
  }

  #append(piece: Uint8Array, hasher: Hasher | undefined, origin: 'network' | 'storage'): void {
    this.#held.set(piece, this.#offset);
    hasher?.update(piece);
    this.#received += piece.length;
    this.#options.meter.advance(this.#file.name, piece.length, origin);
  }

  async #check(): Promise<void> {
    const { hex } = await this.#hasher.finish(this.#held);
    if (hex === this.#file.checksum.hex) return;
    throw new StrataError('hash-mismatch', `${this.#file.name} is not the file it should be (wrong checksum).`, {
      ...this.#details(),
      expected: this.#file.checksum.hex,
      found: hex,
    });
  }

  /** Stores full segments, and at the end the last one and the mark that the file is whole. */
  async #storeSegments(last: boolean): Promise<void> {
    const { key, bytes, checksum } = this.#file;
    const { store } = this.#options;
    try {
      while (this.#storing) {
        const start = this.#segments * SEGMENT_BYTES;
        const end = Math.min(start + SEGMENT_BYTES, bytes);
        // The last segment waits for the checksum, so that a small wrong file is never stored at all.
        const ready = last ? start < bytes : end < bytes && end <= this.#received;
        if (!ready) break;
        const base = this.#keep ? start : 0;
        await store.putSegment(key, this.#segments, this.#held.subarray(base, base + end - start));
        this.#segments += 1;
        const complete = last && end === bytes;
        await store.putRecord(key, { bytes, checksum: checksum.hex, segments: this.#segments, complete });
      }
    } catch (cause) {
      if (StrataError.from(cause).code !== 'storage-full') throw cause;
      this.#storing = false;
      await store.delete(key);
      if (!this.#keep) throw cause;
      this.#options.meter.storageFull();
    }
  }

  async #restart(): Promise<void> {
    this.#options.meter.advance(this.#file.name, -this.#received, 'network');
    this.#received = 0;
    this.#segments = 0;
    this.#hasher = this.#newHasher();
    await this.#options.store.delete(this.#file.key);
  }

  #details(): Record<string, string | number> {
    return { file: this.#file.name, url: this.#file.url, received: this.#received, bytes: this.#file.bytes };
  }
}

/** What a server that gives no parts of files may say to a request for one; a browser may say it for the server. */
const REFUSED: ReadonlySet<string> = new Set([
  'http-error',
  'forbidden',
  'not-found',
  'server-busy',
  'rate-limited',
  'offline',
  'not-a-model-file',
]);

function truncated(file: FileRequest, received: number): StrataError {
  const details = { file: file.name, url: file.url, received, bytes: file.bytes };
  return new StrataError('truncated', `${file.name} broke off after ${received} of ${file.bytes} bytes.`, details);
}

/** A network that wants a login answers everything with its own page. */
function refuseHtml(response: Response, file: FileRequest): void {
  if (!/^text\/html\b/i.test(response.headers.get('Content-Type') ?? '')) return;
  throw new StrataError('not-a-model-file', `A web page came instead of ${file.name}.`, {
    file: file.name,
    url: file.url,
    found: 'html',
  });
}
