import { StrataError } from '../core/errors';

/** Limits for an archive that a person opens: far above any model a tab can hold, far below what a bomb unpacks to. */
const MAX_ENTRIES = 10_000;
const MAX_TOTAL_BYTES = 16 * 2 ** 30;
/** Weights hardly shrink and JSON shrinks to a tenth or so; a bomb to a thousandth. */
const MAX_RATIO = 200;

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** Marks a field whose value stands in the ZIP64 extra field. */
const IN_EXTRA = 0xffffffff;

interface Entry {
  readonly path: string;
  readonly method: number;
  readonly packed: number;
  readonly bytes: number;
  readonly offset: number;
}

function broken(why: string): StrataError {
  return new StrataError('invalid-request', `This archive cannot be opened: ${why}.`, { archive: why });
}

/**
 * The files of a zip archive, unpacked, by path. Reads the list at its end first, so nothing is unpacked of an archive
 * with names that leave it, or that would unpack to far more than it is.
 * @throws StrataError `invalid-request`, saying what is wrong with the archive.
 */
export async function unzip(archive: Blob): Promise<Map<string, Blob>> {
  const entries = await readList(archive);
  const files = new Map<string, Blob>();
  for (const entry of entries) files.set(entry.path, await unpack(archive, entry));
  return files;
}

async function view(blob: Blob, start: number, end: number): Promise<DataView> {
  if (start < 0 || end > blob.size || start > end) throw broken('it is cut off or damaged');
  return new DataView(await blob.slice(start, end).arrayBuffer());
}

async function readList(archive: Blob): Promise<Entry[]> {
  const tailStart = Math.max(0, archive.size - END_BYTES - LONGEST_COMMENT);
  const tail = await view(archive, tailStart, archive.size);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END_SIGNATURE) at -= 1;
  if (at < 0) throw broken('it is not a zip file');
  const count = tail.getUint16(at + 10, true);
  const size = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  if (count === 0xffff || start === IN_EXTRA) throw broken('it has too many files or is larger than 4 GB');
  if (count > MAX_ENTRIES) throw broken('it has too many files');
  const list = await view(archive, start, start + size);
  const entries: Entry[] = [];
  let position = 0;
  for (let index = 0; index < count; index++) {
    if (position + 46 > list.byteLength || list.getUint32(position, true) !== ENTRY_SIGNATURE) {
      throw broken('its list of files is damaged');
    }
    const nameLength = list.getUint16(position + 28, true);
    const length = 46 + nameLength + list.getUint16(position + 30, true) + list.getUint16(position + 32, true);
    if (position + length > list.byteLength) throw broken('its list of files is damaged');
    const entry = parseEntry(list, position, nameLength);
    if (!entry.path.endsWith('/')) entries.push(entry);
    position += length;
  }
  check(entries, archive.size);
  return entries;
}

function parseEntry(list: DataView, at: number, nameLength: number): Entry {
  if (list.getUint16(at + 8, true) & 1) throw broken('it is encrypted');
  const name = new Uint8Array(list.buffer, list.byteOffset + at + 46, nameLength);
  return {
    path: new TextDecoder().decode(name).replaceAll('\\', '/'),
    method: list.getUint16(at + 10, true),
    packed: list.getUint32(at + 20, true),
    bytes: list.getUint32(at + 24, true),
    offset: list.getUint32(at + 42, true),
  };
}

function check(entries: readonly Entry[], size: number): void {
  let total = 0;
  for (const { path, method, packed, bytes } of entries) {
    const parts = path.split('/');
    // eslint-disable-next-line no-control-regex -- such names are what is looked for
    if (path.startsWith('/') || /^[a-z]:/i.test(path) || parts.includes('..') || /[\u0000-\u001f]/.test(path)) {
      throw broken('it has a file name that leads out of it');
    }
    if (method !== STORED && method !== DEFLATED) throw broken('it is packed in a way that is not supported');
    if (bytes === IN_EXTRA || packed === IN_EXTRA) throw broken('it has a file larger than 4 GB');
    if (bytes > 2 ** 20 && bytes > packed * MAX_RATIO) throw broken('it would unpack to far more than it is');
    total += bytes;
  }
  if (total > MAX_TOTAL_BYTES || (total > 2 ** 20 && total > size * MAX_RATIO)) {
    throw broken('it would unpack to far more than it is');
  }
}

async function unpack(archive: Blob, entry: Entry): Promise<Blob> {
  const local = await view(archive, entry.offset, entry.offset + 30);
  if (local.getUint32(0, true) !== LOCAL_SIGNATURE) throw broken('it is cut off or damaged');
  const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + entry.packed > archive.size) throw broken('it is cut off or damaged');
  const packed = archive.slice(start, start + entry.packed);
  if (entry.method === STORED) {
    if (entry.packed !== entry.bytes) throw broken('it is cut off or damaged');
    return packed;
  }
  return inflate(packed, entry.bytes);
}

/** Stops as soon as more comes out than the list promised. */
async function inflate(packed: Blob, bytes: number): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > bytes) throw broken('a file in it is larger than its list says');
      pieces.push(value);
    }
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    throw broken('it is cut off or damaged');
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (length !== bytes) throw broken('it is cut off or damaged');
  return new Blob(pieces);
}
