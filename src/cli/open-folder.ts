import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles } from '../core/model';
import { assembleModel } from '../models/assemble';
import { filesOf, findModel } from '../models/layout';

/** Most bytes one read may ask for. */
const CHUNK = 2 ** 28;

/**
 * Opens a model folder laid out like a hub repository from disk.
 * @throws StrataError `missing-file`, `invalid-config`.
 */
export async function openFolder(folder: string, dtype: Dtype): Promise<ModelFiles> {
  const layout = findModel(await pathsIn(folder), dtype);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  for (const path of filesOf(layout)) {
    const content = await readBytes(join(folder, path));
    bytes.set(path, content);
    sha256[path] = createHash('sha256').update(content).digest('hex');
  }
  const name = basename(folder);
  return assembleModel(name, dtype, layout, bytes, {
    source: 'folder',
    id: name,
    sha256,
    bytes: [...bytes.values()].reduce((sum, content) => sum + content.length, 0),
  });
}

/** A file's bytes, held once: a copy of the buffer would double what a large model takes. */
async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, CHUNK), at);
      if (bytesRead === 0)
        throw new StrataError('truncated', `${path} became shorter while it was read.`, { file: path });
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Paths of the folder and the folder `onnx` in it, with forward slashes. */
async function pathsIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (cause) {
    throw new StrataError('missing-file', `There is no folder ${folder}.`, { file: folder }, { cause });
  }
}
