import { StrataError } from '../core/errors';
import { appFileKey } from '../core/stored-file';
import type { FileRequest } from './download';
import { fetchJson, type Transport } from './http';

/** One line of a `files.json` beside files of ours. */
export interface ManifestEntry {
  /** Relative to the manifest. */
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** A list of files of ours with what they must be: `{ files: [{ path, bytes, sha256 }] }`, or the bare list. */
export async function fetchManifest(
  folder: URL,
  options: { readonly signal?: AbortSignal | undefined; readonly transport?: Transport },
): Promise<ManifestEntry[]> {
  const url = new URL('files.json', folder).href;
  const { data } = await fetchJson(url, { signal: options.signal }, options.transport);
  const list: unknown = Array.isArray(data) ? data : (data as { files?: unknown } | null)?.files;
  if (!Array.isArray(list) || !list.every(isEntry)) {
    throw new StrataError('not-a-model-file', 'The list of model files is not readable.', { url, found: 'other' });
  }
  return list;
}

function isEntry(value: unknown): value is ManifestEntry {
  const entry = value as Partial<ManifestEntry> | null;
  return (
    typeof entry?.path === 'string' &&
    !entry.path.split('/').includes('..') &&
    Number.isSafeInteger(entry.bytes) &&
    typeof entry.sha256 === 'string'
  );
}

/**
 * The request for a file of ours.
 * @param folder Below the app's root, e.g. `models/atlas/`.
 */
export function appFileRequest(root: URL, folder: string, entry: ManifestEntry): FileRequest {
  return {
    key: appFileKey(folder + entry.path),
    name: entry.path,
    url: new URL(folder + entry.path, root).href,
    bytes: entry.bytes,
    checksum: { algorithm: 'sha256', hex: entry.sha256 },
  };
}
