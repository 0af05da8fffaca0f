import { StrataError, throwIfAborted } from '../core/errors';
import type { ChosenFile, ModelFiles, ModelSource, PackedFile } from '../core/model';
import type { Archive } from './archive';
import { assembleModel } from './assemble';
import { sha256Hex } from './checksum';
import type { SourceOptions } from './download-all';
import { externalFiles } from './external-files';
import { refuseImpostor } from './impostor';
import { filesOf, findModel } from './layout';
import { Meter } from './progress';

/** Opens a model from files the person chose. Nothing is stored and nothing leaves the machine. */
export async function openFolder(
  source: Extract<ModelSource, { kind: 'folder' }>,
  options: SourceOptions,
): Promise<ModelFiles> {
  const layout = findModel(source.files.keys(), source.dtype, source.graph);
  const meter = options.meter ?? new Meter(options.onProgress);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  const archives: OpenArchives = new Map();
  const read = async (paths: readonly string[]): Promise<void> => {
    for (const path of paths) meter.expect(source.files.get(path)?.size ?? 0);
    for (const path of paths) {
      throwIfAborted(options.signal);
      const content = await readFile(path, source.files.get(path), archives);
      meter.advance(path, content.length, 'storage');
      refuseImpostor(path, content);
      bytes.set(path, content);
      sha256[path] = await sha256Hex(content);
    }
  };
  // What a file of weights is called, the graph says, whatever it looks like.
  await read(filesOf({ ...layout, external: [] }));
  const external = await externalFiles(layout.graph, bytes.get(layout.graph)!, source.files.keys());
  await read([...new Set(external.values())]);
  return assembleModel(source.name, source.dtype, layout, bytes, external, {
    source: 'folder',
    id: source.name,
    sha256,
    bytes: [...bytes.values()].reduce((sum, content) => sum + content.length, 0),
  });
}

/** The archives that are being read, so that the list of each is read once. */
type OpenArchives = Map<Blob, Promise<Archive>>;

async function unpack({ archive, path }: PackedFile, archives: OpenArchives): Promise<Uint8Array<ArrayBuffer>> {
  const { openArchive } = await import('./archive');
  const open = archives.get(archive) ?? openArchive(archive);
  archives.set(archive, open);
  return (await open).read(path);
}

async function readFile(
  path: string,
  file: ChosenFile | undefined,
  archives: OpenArchives,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (file && 'archive' in file) return await unpack(file, archives);
    if (file) return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    if (cause instanceof StrataError) throw cause;
    // The file was moved, changed or is on a stick that was pulled out.
    throw new StrataError('missing-file', `${path} can no longer be read.`, { file: path }, { cause });
  }
  throw new StrataError('missing-file', `${path} is missing.`, { file: path });
}
