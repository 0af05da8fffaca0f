import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles } from '../core/model';
import { assembleModel } from '../models/assemble';
import { externalFiles } from '../models/external-files';
import { filesOf, findModel } from '../models/layout';

/** Most bytes one read may ask for. */
const CHUNK = 2 ** 28;

/**
 * Opens a model's folder from disk.
 * @param options.tokenizer `false` leaves the tokenizer's files unread: token ids alone are run then.
 * @param options.graph A graph of the same model, by its path in the folder, in place of the usual one; `name` is its.
 * @throws StrataError `missing-file`, `invalid-config`, `malformed-model`.
 */
export async function openFolder(
  folder: string,
  dtype: Dtype,
  options: {
    readonly tokenizer?: boolean;
    readonly graph?: { readonly path: string; readonly name: string };
  } = {},
): Promise<ModelFiles> {
  const paths = await pathsIn(folder);
  const found = findModel(paths, dtype);
  const usual = options.graph ? { ...found, graph: options.graph.path } : found;
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  const read = async (path: string): Promise<Uint8Array> => {
    const content = await readBytes(join(folder, path));
    bytes.set(path, content);
    sha256[path] = createHash('sha256').update(content).digest('hex');
    return content;
  };
  const external = await externalFiles(usual.graph, await read(usual.graph), paths);
  const { tokenizer: _, vocabulary: __, tokenizerConfig: ___, ...withoutTokenizer } = usual;
  const layout = options.tokenizer === false ? withoutTokenizer : usual;
  for (const path of [...filesOf({ ...layout, external: [] }), ...external.values()])
    if (!bytes.has(path)) await read(path);
  const name = options.graph?.name ?? basename(resolve(folder));
  return assembleModel(name, dtype, layout, bytes, external, {
    source: 'folder',
    id: name,
    sha256,
    bytes: [...bytes.values()].reduce((sum, content) => sum + content.length, 0),
  });
}

/**
 * A file's bytes, held once: a copy of the buffer would double what a large model takes.
 * @throws StrataError `missing-file`, `truncated`.
 */
async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
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
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    throw new StrataError('missing-file', `${path} cannot be read.`, { file: path }, { cause });
  } finally {
    await file?.close();
  }
}

/** Folders below the one named that are looked into: as deep as the hub's cache and GenAI's folders are. */
const DEPTH = 4;

/** Paths of the files in the folder and below it, with forward slashes; links count as what they lead to. */
async function pathsIn(folder: string): Promise<string[]> {
  try {
    return await filesBelow(folder, '', DEPTH);
  } catch (cause) {
    throw new StrataError('missing-file', `There is no folder ${folder}.`, { file: folder }, { cause });
  }
}

async function filesBelow(folder: string, inside: string, depth: number): Promise<string[]> {
  const entries = await readdir(join(folder, inside), { withFileTypes: true });
  const found = entries.map(async (entry) => {
    const path = inside + entry.name;
    if (entry.isFile() || entry.isSymbolicLink()) return [path];
    const deeper = entry.isDirectory() && depth > 0 && entry.name !== 'node_modules' && !entry.name.startsWith('.');
    // A folder that may not be read holds nothing for us.
    return deeper ? filesBelow(folder, `${path}/`, depth - 1).catch(() => []) : [];
  });
  return (await Promise.all(found)).flat().sort();
}
