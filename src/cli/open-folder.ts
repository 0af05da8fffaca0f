import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles } from '../core/model';
import { assembleModel } from '../models/assemble';
import { filesOf, findModel } from '../models/layout';

/**
 * Opens a model folder laid out like a hub repository from disk.
 * @throws StrataError `missing-file`, `invalid-config`.
 */
export async function openFolder(folder: string, dtype: Dtype): Promise<ModelFiles> {
  const layout = findModel(await pathsIn(folder), dtype);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  for (const path of filesOf(layout)) {
    const content = new Uint8Array(await readFile(join(folder, path)));
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
