import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { StrataError } from '../core/errors';
import { parseFileRecord, type FileRecord } from '../core/stored-file';
import type { FileStore } from '../models/storage';

/** Where hub models are kept: `STRATA_CACHE`, else below this account's folder for caches. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env['STRATA_CACHE']) return env['STRATA_CACHE'];
  const own: Partial<Record<NodeJS.Platform, string | undefined>> = {
    darwin: join(homedir(), 'Library', 'Caches'),
    win32: env['LOCALAPPDATA'],
  };
  return join(own[process.platform] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'strata');
}

/** What `record.json` of a stored file holds. */
const Stored = v.object({ key: v.string(), record: v.unknown() });

/**
 * Model files in a folder: of each, its segments and a record, in a folder of its own. That is named by a hash, since
 * what a repository calls its files need not be a name here.
 */
export class FolderStore implements FileStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async record(key: string): Promise<FileRecord | undefined> {
    return (await this.#read(this.#folder(key)))?.record;
  }

  async segment(key: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return (await content(join(this.#folder(key), String(index)))) as Uint8Array<ArrayBuffer> | undefined;
  }

  async putSegment(key: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#write(key, String(index), bytes);
  }

  async putRecord(key: string, record: FileRecord): Promise<void> {
    await this.#write(key, 'record.json', JSON.stringify({ key, record }));
  }

  /** What cannot be deleted cannot be overwritten either, and {@link putSegment} says so. */
  async delete(key: string): Promise<void> {
    // The record goes first: segments without a record are never read.
    await rm(join(this.#folder(key), 'record.json'), { force: true }).catch(() => undefined);
    await rm(this.#folder(key), { recursive: true, force: true }).catch(() => undefined);
  }

  async list(): Promise<{ key: string; record: FileRecord }[]> {
    const folders = await readdir(this.#root).catch(() => []);
    const found = await Promise.all(folders.map((folder) => this.#read(join(this.#root, folder))));
    return found.filter((entry) => entry !== undefined);
  }

  #folder(key: string): string {
    return join(this.#root, createHash('sha256').update(key).digest('hex').slice(0, 32));
  }

  async #read(folder: string): Promise<{ key: string; record: FileRecord } | undefined> {
    const text = await content(join(folder, 'record.json'));
    try {
      const stored = text && v.parse(Stored, JSON.parse(text.toString()));
      const record = stored && parseFileRecord(stored.record);
      return record && { key: stored.key, record };
    } catch {
      // Half written, or not ours: as good as absent.
      return undefined;
    }
  }

  /** Beside its place first, then moved there, so that a process that ends midway leaves nothing half. */
  async #write(key: string, name: string, value: Uint8Array | string): Promise<void> {
    const folder = this.#folder(key);
    const part = join(folder, `${name}.${process.pid}.part`);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(part, value);
      await rename(part, join(folder, name));
    } catch (cause) {
      throw new StrataError('storage-full', `${this.#root} cannot be written.`, { file: this.#root }, { cause });
    }
  }
}

async function content(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
