import { StrataError } from '../core/errors';
import {
  keyOfRecord,
  MODEL_CACHE,
  parseFileRecord,
  recordUrl,
  SEGMENT_BYTES,
  segmentUrl,
  type FileRecord,
} from '../core/stored-file';

/** Where model files are kept on this device, in segments (see core/stored-file). */
export interface FileStore {
  record(key: string): Promise<FileRecord | undefined>;
  segment(key: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** @throws StrataError `storage-full` */
  putSegment(key: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** @throws StrataError `storage-full` */
  putRecord(key: string, record: FileRecord): Promise<void>;
  /** Removes a file, whole or part. */
  delete(key: string): Promise<void>;
  list(): Promise<{ readonly key: string; readonly record: FileRecord }[]>;
}

/** For a page without storage, and for tests. */
export class MemoryStore implements FileStore {
  readonly #records = new Map<string, FileRecord>();
  readonly #segments = new Map<string, Uint8Array<ArrayBuffer>>();

  record(key: string): Promise<FileRecord | undefined> {
    return Promise.resolve(this.#records.get(key));
  }

  segment(key: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return Promise.resolve(this.#segments.get(segmentUrl(key, index)));
  }

  putSegment(key: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#segments.set(segmentUrl(key, index), bytes.slice());
    return Promise.resolve();
  }

  putRecord(key: string, record: FileRecord): Promise<void> {
    this.#records.set(key, record);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#records.delete(key);
    for (const url of [...this.#segments.keys()]) if (url.startsWith(segmentUrl(key))) this.#segments.delete(url);
    return Promise.resolve();
  }

  list(): Promise<{ key: string; record: FileRecord }[]> {
    return Promise.resolve([...this.#records].map(([key, record]) => ({ key, record })));
  }
}

/** Model files in the browser's Cache Storage. */
export class CacheStore implements FileStore {
  readonly #cache: Cache;

  private constructor(cache: Cache) {
    this.#cache = cache;
  }

  static async open(storage: CacheStorage): Promise<CacheStore> {
    return new CacheStore(await storage.open(MODEL_CACHE));
  }

  /** @throws whatever the browser says against reading. */
  async probe(): Promise<void> {
    await this.#cache.match(recordUrl('probe'));
  }

  async record(key: string): Promise<FileRecord | undefined> {
    return this.#read(recordUrl(key), async (response) => parseFileRecord(await response.json()));
  }

  async segment(key: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#read(segmentUrl(key, index), async (response) => new Uint8Array(await response.arrayBuffer()));
  }

  /** What a browser can no longer read (it may take storage away while a page is open) counts as not being there. */
  async #read<T>(url: string, of: (response: Response) => Promise<T>): Promise<T | undefined> {
    try {
      const response = await this.#cache.match(url);
      return response && (await of(response));
    } catch {
      return undefined;
    }
  }

  async putSegment(key: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#put(segmentUrl(key, index), new Response(bytes));
  }

  async putRecord(key: string, record: FileRecord): Promise<void> {
    await this.#put(recordUrl(key), Response.json(record));
  }

  async delete(key: string): Promise<void> {
    try {
      // The record goes first: segments without a record are never read.
      await this.#cache.delete(recordUrl(key));
      for (const request of await this.#cache.keys()) {
        if (request.url.startsWith(segmentUrl(key))) await this.#cache.delete(request);
      }
    } catch {
      // What cannot be deleted cannot be read either.
    }
  }

  async list(): Promise<{ key: string; record: FileRecord }[]> {
    const found: { key: string; record: FileRecord }[] = [];
    for (const request of await this.#cache.keys().catch(() => [])) {
      const key = keyOfRecord(request.url);
      const record = key === undefined ? undefined : await this.record(key);
      if (key !== undefined && record) found.push({ key, record });
    }
    return found;
  }

  async #put(url: string, response: Response): Promise<void> {
    try {
      await this.#cache.put(url, response);
    } catch (cause) {
      // Chromium has also reported a full disk as an UnknownError or a bare TypeError here.
      throw new StrataError('storage-full', 'The browser has no room to store this file.', {}, { cause });
    }
  }
}

/** Asking for storage that is denied need not be answered at all. */
const OPEN_WITHIN_MS = 5000;

/**
 * The device's store, or memory where the browser offers none (private windows, plain http, a frame in another site's
 * page).
 */
export async function openStore(): Promise<FileStore> {
  try {
    if (typeof caches !== 'undefined') {
      // Some browsers open what they then refuse to read.
      const opened = CacheStore.open(caches).then(async (store) => {
        await store.probe();
        return store;
      });
      return await within(OPEN_WITHIN_MS, opened);
    }
  } catch {
    // Storage switched off by the person or by policy: everything still works, from memory.
  }
  return new MemoryStore();
}

function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** How much of a file is stored, in bytes. */
export function storedBytes(record: FileRecord): number {
  return record.complete ? record.bytes : Math.min(record.bytes, record.segments * SEGMENT_BYTES);
}

/** Keeps a small document. Does nothing when there is no room: it can be fetched again. */
export async function writeJson(store: FileStore, key: string, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  try {
    await store.putSegment(key, 0, bytes);
    await store.putRecord(key, { bytes: bytes.length, segments: 1, complete: true });
  } catch (cause) {
    if (StrataError.from(cause).code !== 'storage-full') throw cause;
    await store.delete(key);
  }
}

/** A document kept by {@link writeJson}; undefined when there is none. */
export async function readJson(store: FileStore, key: string): Promise<unknown> {
  const bytes = (await store.record(key)) && (await store.segment(key, 0));
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as unknown);
}
