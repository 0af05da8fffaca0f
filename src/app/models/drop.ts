import { StrataError } from '../../core/errors';

/** A model's folder has a few dozen files; a home directory dropped by mistake has very many. */
const MOST_FILES = 10_000;

/** True for a drag that carries files. */
export function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/**
 * Takes what was dropped, at once, since it is gone when the event is over.
 * @returns How to read it: files by path, folders with all that is in them.
 */
export function takeDropped(items: DataTransferItemList): () => Promise<ReadonlyMap<string, File>> {
  // A file that comes from no file system (out of a mail, say) has no entry.
  const taken = [...items].flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? item.getAsFile() ?? []) : [],
  );
  return async () => {
    const files = new Map<string, File>();
    for (const one of taken) {
      if (one instanceof File) files.set(one.name, one);
      else await collect(one, files);
    }
    return files;
  };
}

async function collect(entry: FileSystemEntry, files: Map<string, File>): Promise<void> {
  if (files.size >= MOST_FILES) {
    throw new StrataError('invalid-request', 'This folder has too many files to be a model.', { files: MOST_FILES });
  }
  if (isFile(entry)) {
    files.set(entry.fullPath.replace(/^\//, ''), await new Promise<File>((done, fail) => entry.file(done, fail)));
  } else if (isFolder(entry)) {
    for (const inside of await list(entry)) await collect(inside, files);
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A browser lists a folder a hundred entries at a time; an empty answer is the end. */
async function list(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  while (true) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
