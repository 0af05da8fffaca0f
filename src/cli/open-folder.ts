import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { StrataError } from '../core/errors';
import type { Dtype, ModelFiles } from '../core/model';
import { assembleModel } from '../models/assemble';
import { filesOf, findModel, type ModelLayout } from '../models/layout';
import { scanModel } from '../onnx/scan';

/** Most bytes one read may ask for. */
const CHUNK = 2 ** 28;

/**
 * Opens a model folder laid out like a hub repository from disk.
 * @param options.tokenizer `false` leaves the tokenizer's files unread: token ids alone are run then.
 * @throws StrataError `missing-file`, `invalid-config`, `malformed-model`.
 */
export async function openFolder(
  folder: string,
  dtype: Dtype,
  options: { readonly tokenizer?: boolean } = {},
): Promise<ModelFiles> {
  const paths = await pathsIn(folder);
  const usual = findModel(paths, dtype);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  const read = async (path: string): Promise<Uint8Array> => {
    const content = await readBytes(join(folder, path));
    bytes.set(path, content);
    sha256[path] = createHash('sha256').update(content).digest('hex');
    return content;
  };
  const { config, graph } = usual;
  const external = externalOf(usual, await read(graph), paths);
  const layout = options.tokenizer === false ? { config, graph, external } : { ...usual, external };
  for (const path of filesOf(layout)) if (!bytes.has(path)) await read(path);
  const name = basename(resolve(folder));
  return assembleModel(name, dtype, layout, bytes, {
    source: 'folder',
    id: name,
    sha256,
    bytes: [...bytes.values()].reduce((sum, content) => sum + content.length, 0),
  });
}

/** The graph's external data: files with the exporters' names, and those beside it that it names itself. */
function externalOf(layout: ModelLayout, graph: Uint8Array, paths: readonly string[]): string[] {
  const folder = layout.graph.slice(0, layout.graph.lastIndexOf('/') + 1);
  const named = scanModel(graph).graph.initializers.flatMap(({ data }) =>
    data.kind === 'external' ? [folder + data.location] : [],
  );
  return [...new Set([...layout.external, ...named.filter((path) => paths.includes(path))])];
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

/** Paths of the files in the folder and in its folder `onnx`, with forward slashes; links count as what they lead to. */
async function pathsIn(folder: string): Promise<string[]> {
  try {
    return [
      ...(await filesIn(folder)),
      ...(await filesIn(join(folder, 'onnx')).catch(() => [])).map((name) => `onnx/${name}`),
    ];
  } catch (cause) {
    throw new StrataError('missing-file', `There is no folder ${folder}.`, { file: folder }, { cause });
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map((entry) => entry.name);
}
