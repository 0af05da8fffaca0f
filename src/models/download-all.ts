import type { LoadProgress } from '../core/model-api';
import { download, downloadToStore, type DownloadOptions, type FileRequest } from './download';
import type { Transport } from './http';
import { Meter } from './progress';
import type { FileStore } from './storage';

/** What every way of fetching a model takes. */
export interface SourceOptions {
  readonly store: FileStore;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Several sources fetched side by side share one, so that their progress adds up. */
  readonly meter?: Meter;
  readonly transport?: Transport;
}

/** Fetches files side by side; the first failure stops the others. Keyed by name. */
export async function downloadAll(
  files: readonly FileRequest[],
  options: SourceOptions,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const found = await sideBySide(files, options, download);
  return new Map(files.flatMap((file, index) => (found[index] ? [[file.name, found[index]]] : [])));
}

/** {@link downloadAll} into storage only. @throws StrataError also `storage-full`. */
export async function downloadAllToStore(files: readonly FileRequest[], options: SourceOptions): Promise<void> {
  await sideBySide(files, options, downloadToStore);
}

/** Connections at one time: as many as browsers open to one host. */
const AT_ONCE = 6;

async function sideBySide<T>(
  files: readonly FileRequest[],
  options: SourceOptions,
  fetchOne: (file: FileRequest, options: DownloadOptions) => Promise<T>,
): Promise<T[]> {
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const meter = options.meter ?? new Meter(options.onProgress);
  const { store, transport } = options;
  let firstError: unknown;
  const one = async (file: FileRequest): Promise<T> => {
    try {
      return await fetchOne(file, { store, meter, signal, announced: true, ...(transport ? { transport } : {}) });
    } catch (error) {
      firstError ??= error;
      failed.abort();
      throw error;
    }
  };
  const results: T[] = [];
  const next = [...files.entries()];
  // Some models have a file for every tensor: what waits for a connection must not be taken for one that is stuck.
  const lane = async (): Promise<void> => {
    for (let entry = next.shift(); entry; entry = next.shift()) results[entry[0]] = await one(entry[1]);
  };
  for (const file of files) meter.expect(file.bytes);
  await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, files.length) }, lane));
  if (firstError !== undefined) throw firstError;
  return results;
}
