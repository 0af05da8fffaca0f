import * as v from 'valibot';
import { StrataError } from '../core/errors';
import { appFileKey } from '../core/stored-file';
import type { FileRequest } from './download';
import { fetchJson, type Transport } from './http';
import { fileSize, safePath } from './schemas';

/** Of one line of a `files.json` beside files of ours; the path is relative to it, the hash in hex. */
const Entry = v.object({
  path: safePath(),
  bytes: fileSize(),
  sha256: v.string(),
});
const Entries = v.array(Entry);
const Manifest = v.union([
  Entries,
  v.pipe(
    v.object({ files: Entries }),
    v.transform(({ files }) => files),
  ),
]);

/** Of `checkpoints.json` beside it: the graph after a number of steps of training. */
const CheckpointList = v.object({
  checkpoints: v.array(
    v.pipe(
      v.object({ step: v.number(), file: safePath(), bytes: fileSize(), sha256: v.string() }),
      v.transform(({ file, ...of }) => ({ path: file, ...of })),
    ),
  ),
});

export type ManifestEntry = Readonly<v.InferOutput<typeof Entry>>;

interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  readonly transport?: Transport;
}

/** A list of files of ours with what they must be: `{ files: [{ path, bytes, sha256 }] }`, or the bare list. */
export function fetchManifest(folder: URL, options: ListOptions): Promise<ManifestEntry[]> {
  return fetchList(new URL('files.json', folder), Manifest, options);
}

/** The graphs of a bundled model on the way to what it is. */
export async function fetchCheckpoints(
  folder: URL,
  options: ListOptions,
): Promise<readonly (ManifestEntry & { readonly step: number })[]> {
  return (await fetchList(new URL('checkpoints.json', folder), CheckpointList, options)).checkpoints;
}

async function fetchList<T>({ href: url }: URL, schema: v.GenericSchema<unknown, T>, options: ListOptions): Promise<T> {
  const { data } = await fetchJson(url, { signal: options.signal }, options.transport);
  const list = v.safeParse(schema, data);
  if (list.success) return list.output;
  throw new StrataError('not-a-model-file', 'The list of model files is not readable.', { url, found: 'other' });
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
    own: true,
  };
}
