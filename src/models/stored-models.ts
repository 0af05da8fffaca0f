import type { FileRecord } from '../core/stored-file';
import { BUNDLED_MODELS } from './catalogue';
import { storedBytes, type FileStore } from './storage';

/** What lies on this device, one entry per model and one for each version of the runtime. */
export interface StoredModel {
  readonly kind: 'bundled' | 'hub' | 'runtime';
  /** Model name, hub id with the commit's first digits, or the runtime's version. */
  readonly name: string;
  /** What is stored so far. */
  readonly bytes: number;
  /** False while a download is under way or was left. */
  readonly complete: boolean;
  readonly keys: readonly string[];
}

interface Belonging {
  readonly kind: StoredModel['kind'];
  readonly name: string;
}

function belonging(key: string): Belonging | undefined {
  const bundled = BUNDLED_MODELS.find(({ folder }) => key.startsWith(`bundled/${folder}`));
  if (bundled) return { kind: 'bundled', name: bundled.name };
  const runtime = /^bundled\/runtime\/([^/]+)\//.exec(key)?.[1];
  if (runtime !== undefined) return { kind: 'runtime', name: runtime };
  const hub = /^hub\/((?:[^/]+\/)?[^/]+)\/([0-9a-f]{7,64})\//.exec(key);
  return hub?.[1] === undefined ? undefined : { kind: 'hub', name: `${hub[1]} @ ${hub[2]?.slice(0, 7)}` };
}

/** Largest first. */
export async function listStored(store: FileStore): Promise<StoredModel[]> {
  const groups = new Map<string, { readonly owner: Belonging; readonly files: [string, FileRecord][] }>();
  for (const { key, record } of await store.list()) {
    const owner = belonging(key);
    if (!owner) continue;
    const id = `${owner.kind} ${owner.name}`;
    const group = groups.get(id) ?? { owner, files: [] };
    group.files.push([key, record]);
    groups.set(id, group);
  }
  return [...groups.values()]
    .map(({ owner, files }) => ({
      ...owner,
      bytes: files.reduce((sum, [, record]) => sum + storedBytes(record), 0),
      complete: files.every(([, record]) => record.complete),
      keys: files.map(([key]) => key),
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

export async function deleteStored(store: FileStore, model: StoredModel): Promise<void> {
  for (const key of model.keys) await store.delete(key);
}
