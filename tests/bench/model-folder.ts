import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ModelFiles } from '../../src/core/model';

/** Puts a model on the disk as a folder laid out like a hub repository. Returns its files with their bytes. */
export async function writeModel(folder: string, model: ModelFiles): Promise<Map<string, Uint8Array>> {
  await rm(folder, { recursive: true, force: true });
  const parts = new Map<string, Uint8Array>([
    ['config.json', new TextEncoder().encode(JSON.stringify(model.config))],
    [model.graph.path, model.graph.bytes],
    ...[...model.external].map(([name, bytes]) => [join(dirname(model.graph.path), name), bytes] as const),
  ]);
  for (const [path, bytes] of parts) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return parts;
}
