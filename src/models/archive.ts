import {
  BlobReader,
  configure,
  ERR_BAD_FORMAT,
  ERR_ENCRYPTED,
  ERR_ENCRYPTED_CENTRAL_DIRECTORY,
  ERR_EOCDR_NOT_FOUND,
  ERR_INVALID_UNCOMPRESSED_SIZE,
  ERR_UNSAFE_FILENAME,
  ERR_UNSUPPORTED_COMPRESSION,
  ERR_UNSUPPORTED_ENCRYPTION,
  ZipReader,
  type FileEntry,
} from '@zip.js/zip.js/lib/zip-core-custom.js';
import { StrataError } from '../core/errors';
import type { ArchiveFault } from './archive-faults';

// Its own workers would be made from text, which the page's policy forbids; the browser inflates by itself.
configure({ useWebWorkers: false });

/** Limits for an archive that a person opens: far above any model a tab can hold, far below what a bomb unpacks to. */
const MAX_ENTRIES = 10_000;
const MAX_TOTAL_BYTES = 16 * 2 ** 30;
/** Weights hardly shrink and JSON shrinks to a tenth or so; a bomb to a thousandth. */
const MAX_RATIO = 200;
const STORED = 0;
const DEFLATED = 8;

const SENTENCES: Readonly<Record<ArchiveFault, string>> = {
  'not-zip': 'it is not a zip file',
  damaged: 'it is cut off or damaged',
  encrypted: 'it is encrypted',
  'unsafe-name': 'it has a file name that leads out of it',
  compression: 'it is packed in a way that is not supported',
  'too-many-files': 'it has too many files',
  bomb: 'it would unpack to far more than it is',
  'larger-than-listed': 'a file in it is larger than its list says',
};

/** What the library says, as one of our faults; whatever else it finds, the archive is damaged. */
const FAULTS: Readonly<Record<string, ArchiveFault>> = {
  [ERR_BAD_FORMAT]: 'not-zip',
  [ERR_EOCDR_NOT_FOUND]: 'not-zip',
  [ERR_ENCRYPTED]: 'encrypted',
  [ERR_ENCRYPTED_CENTRAL_DIRECTORY]: 'encrypted',
  [ERR_UNSUPPORTED_ENCRYPTION]: 'encrypted',
  [ERR_UNSAFE_FILENAME]: 'unsafe-name',
  [ERR_UNSUPPORTED_COMPRESSION]: 'compression',
  [ERR_INVALID_UNCOMPRESSED_SIZE]: 'larger-than-listed',
};

function refuse(fault: ArchiveFault, cause?: unknown): StrataError {
  const message = `This archive cannot be opened: ${SENTENCES[fault]}.`;
  return new StrataError('invalid-request', message, { archive: fault }, { cause });
}

function refusal(cause: unknown): StrataError {
  if (cause instanceof StrataError) return cause;
  return refuse(FAULTS[cause instanceof Error ? cause.message : ''] ?? 'damaged', cause);
}

/** A zip archive whose list has been read and found sound; nothing of it is unpacked yet. */
export interface Archive {
  /** Length of every file once unpacked, in bytes, by path with forward slashes. */
  readonly sizes: ReadonlyMap<string, number>;
  /**
   * Unpacks one file and checks it against its checksum.
   * @param path one of {@link Archive.sizes}.
   * @throws StrataError `invalid-request`, with an {@link ArchiveFault} as `details.archive`.
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads an archive's list, also of one that is larger than 4 GB, and refuses what must not be unpacked: names that lead
 * out of it, and what would become far more than it is.
 * @throws StrataError `invalid-request`, with an {@link ArchiveFault} as `details.archive`.
 */
export async function openArchive(archive: Blob): Promise<Archive> {
  const files = new Map<string, FileEntry>();
  try {
    const reader = new ZipReader(new BlobReader(archive));
    const list = reader.getEntriesGenerator({
      filenameValidation: 'balanced',
      normalizeFilename: (name) => name.replaceAll('\\', '/'),
    });
    let count = 0;
    for await (const entry of list) {
      count += 1;
      if (count > MAX_ENTRIES) throw refuse('too-many-files');
      if (!entry.directory) files.set(entry.filename, entry);
    }
  } catch (cause) {
    throw refusal(cause);
  }
  check(files, archive.size);
  return {
    sizes: new Map([...files].map(([path, { uncompressedSize }]) => [path, uncompressedSize])),
    read: (path) => unpack(files.get(path)!),
  };
}

function check(files: ReadonlyMap<string, FileEntry>, size: number): void {
  let total = 0;
  for (const [path, entry] of files) {
    const { compressionMethod, compressedSize, uncompressedSize, encrypted } = entry;
    // eslint-disable-next-line no-control-regex -- such names are what is looked for
    if (/[\u0000-\u001f]/.test(path)) throw refuse('unsafe-name');
    if (encrypted) throw refuse('encrypted');
    if (compressionMethod !== STORED && compressionMethod !== DEFLATED) throw refuse('compression');
    if (compressionMethod === STORED && compressedSize !== uncompressedSize) throw refuse('damaged');
    if (uncompressedSize > 2 ** 20 && uncompressedSize > compressedSize * MAX_RATIO) throw refuse('bomb');
    total += uncompressedSize;
  }
  if (total > MAX_TOTAL_BYTES || (total > 2 ** 20 && total > size * MAX_RATIO)) throw refuse('bomb');
}

function roomFor({ filename, uncompressedSize }: FileEntry): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(uncompressedSize);
  } catch (cause) {
    const message = `There is not enough memory to unpack ${filename}.`;
    throw new StrataError('out-of-memory', message, { bytes: uncompressedSize }, { cause });
  }
}

/** Stops as soon as more comes out than the list promised. */
async function unpack(entry: FileEntry): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = roomFor(entry);
  let length = 0;
  try {
    const sink = new WritableStream<Uint8Array>({
      write(piece) {
        if (length + piece.length > bytes.length) throw refuse('larger-than-listed');
        bytes.set(piece, length);
        length += piece.length;
      },
    });
    await entry.getData(sink, { checkCrc32: true, checkOverlappingEntry: true });
    return bytes;
  } catch (cause) {
    throw refusal(cause);
  }
}
