import * as v from 'valibot';

/**
 * How model files lie in Cache Storage. The worker writes them; the service worker reads them too, so the names are
 * agreed here. A file is kept in segments, so that a download that stops loses at most one of them and a large file
 * is never written twice.
 */

/** Several apps may share an origin (all pages of one account on a static host do), so the name says whose it is. */
export const MODEL_CACHE = 'strata-models-v1';

/** Length of every segment but the last. */
export const SEGMENT_BYTES = 4 * 2 ** 20;

const StoredRecord = v.object({
  bytes: v.number(),
  /** Hex digest the file was or will be checked against. */
  checksum: v.exactOptional(v.string()),
  segments: v.number(),
  /** True only once every byte is stored and the checksum was right. */
  complete: v.boolean(),
});

/** What is known of a file that is stored whole or in part. */
export type FileRecord = Readonly<v.InferOutput<typeof StoredRecord>>;

/** Never fetched: Cache Storage only needs its keys to be URLs. */
const KEY_BASE = 'https://storage.strata.invalid/';

/** @param key A path such as `bundled/models/atlas/config.json` */
export function recordUrl(key: string): string {
  return KEY_BASE + key.split('/').map(encodeURIComponent).join('/');
}

/** Without an index: what the URLs of all segments of a file begin with. */
export function segmentUrl(key: string, index: number | '' = ''): string {
  return `${recordUrl(key)}?segment=${index}`;
}

/** The key of a record's URL; undefined for a segment's. */
export function keyOfRecord(url: string): string | undefined {
  const { pathname, search } = new URL(url);
  return search === '' ? pathname.slice(1).split('/').map(decodeURIComponent).join('/') : undefined;
}

/** Key of a file that belongs to the app. @param path Below the app's root, e.g. `models/atlas/config.json` */
export function appFileKey(path: string): string {
  return `bundled/${path}`;
}

/** A record written by another version counts as absent. */
export function parseFileRecord(value: unknown): FileRecord | undefined {
  const record = v.safeParse(StoredRecord, value);
  return record.success ? record.output : undefined;
}
