import { StrataError, throwIfAborted } from '../core/errors';
import type { ModelFiles, ModelSource } from '../core/model';
import { assembleModel } from './assemble';
import { sha256Hex } from './checksum';
import type { SourceOptions } from './download-all';
import { filesOf, findModel } from './layout';
import { Meter } from './progress';

/** Opens a model from files the person chose. Nothing is stored and nothing leaves the machine. */
export async function openFolder(
  source: Extract<ModelSource, { kind: 'folder' }>,
  options: SourceOptions,
): Promise<ModelFiles> {
  const layout = findModel(source.files.keys(), source.dtype);
  const meter = options.meter ?? new Meter(options.onProgress);
  const paths = filesOf(layout);
  for (const path of paths) meter.expect(source.files.get(path)?.size ?? 0);
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const sha256: Record<string, string> = {};
  for (const path of paths) {
    throwIfAborted(options.signal);
    const content = await readBlob(path, source.files.get(path));
    meter.advance(path, content.length, 'storage');
    bytes.set(path, content);
    sha256[path] = await sha256Hex(content);
  }
  return assembleModel(source.name, source.dtype, layout, bytes, {
    source: 'folder',
    id: source.name,
    sha256,
    bytes: [...bytes.values()].reduce((sum, content) => sum + content.length, 0),
  });
}

async function readBlob(path: string, blob: Blob | undefined): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (blob) return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    // The file was moved, changed or is on a stick that was pulled out.
    throw new StrataError('missing-file', `${path} can no longer be read.`, { file: path }, { cause });
  }
  throw new StrataError('missing-file', `${path} is missing.`, { file: path });
}
