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

  async record(key: string): Promise<FileRecord | undefined> {
    const response = await this.#cache.match(recordUrl(key));
    return response && parseFileRecord(await response.json().catch(() => undefined));
  }

  async segment(key: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const response = await this.#cache.match(segmentUrl(key, index));
    return response && new Uint8Array(await response.arrayBuffer());
  }

  async putSegment(key: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#put(segmentUrl(key, index), new Response(bytes));
  }

  async putRecord(key: string, record: FileRecord): Promise<void> {
    await this.#put(recordUrl(key), Response.json(record));
  }

  async delete(key: string): Promise<void> {
    // The record goes first: segments without a record are never read.
    await this.#cache.delete(recordUrl(key));
    for (const request of await this.#cache.keys()) {
      if (request.url.startsWith(segmentUrl(key))) await this.#cache.delete(request);
    }
  }

  async list(): Promise<{ key: string; record: FileRecord }[]> {
    const found: { key: string; record: FileRecord }[] = [];
    for (const request of await this.#cache.keys()) {
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

/** The device's store, or memory where the browser offers none (private windows, plain http). */
export async function openStore(): Promise<FileStore> {
  try {
    if (typeof caches !== 'undefined') return await CacheStore.open(caches);
  } catch {
    // Storage switched off by the person or by policy: everything still works, from memory.
  }
  return new MemoryStore();
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
