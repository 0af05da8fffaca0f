import { StrataError } from '../core/errors';

const POINTER = 'version https://git-lfs.github.com/spec/';

/** What stands in a file's place, by how it begins: a web page, or git's note of where the file is. */
export function impostorIn(start: Uint8Array): 'html' | 'lfs-pointer' | undefined {
  const text = new TextDecoder().decode(start.subarray(0, 64)).trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'html';
  return text.startsWith(POINTER) ? 'lfs-pointer' : undefined;
}

/** How long the file is that a pointer of Git LFS stands for, in bytes; undefined where it does not say. */
function pointedSize(pointer: Uint8Array): number | undefined {
  const size = /^size (\d+)$/m.exec(new TextDecoder().decode(pointer.subarray(0, 1024)))?.[1];
  return size === undefined ? undefined : Number(size);
}

/**
 * Refuses what is not the file it is called.
 * @throws StrataError `not-a-model-file`, with `found`.
 */
export function refuseImpostor(
  file: string,
  content: Uint8Array,
  details: Readonly<Record<string, string>> = {},
): void {
  const found = impostorIn(content);
  if (found === undefined) return;
  const bytes = found === 'lfs-pointer' ? pointedSize(content) : undefined;
  const what =
    found === 'html' ? 'is a web page' : 'is only a pointer of Git LFS: git lfs pull fetches the file itself';
  throw new StrataError('not-a-model-file', `${file} ${what}.`, {
    file,
    found,
    ...details,
    ...(bytes === undefined ? {} : { bytes }),
  });
}
