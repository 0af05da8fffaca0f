import type { FileRecord } from '../core/stored-file';
import { BUNDLED_MODELS } from './catalogue';
import { hubCheckKeys } from './check-keys';
import { checkpointName } from './choices';
import { hubFileKey, keptListing, modelIn, modelsIn, type HubRepository } from './hub';
import type { ModelVariant } from './layout';
import { storedBytes, type FileStore } from './storage';

/** What lies on this device: one entry per bundled model, per model of a hub repository, and per version of the runtime. */
export interface StoredModel {
  readonly kind: 'bundled' | 'hub' | 'runtime';
  /** Model name, hub id, or the runtime's version. */
  readonly name: string;
  /** What is stored so far. */
  readonly bytes: number;
  /** False while a download is under way or was left. */
  readonly complete: boolean;
  /** Everything that goes when this is deleted. */
  readonly keys: readonly string[];
  /** Of a checkpoint of a bundled model: the model's id, and the step. */
  readonly checkpoint?: { readonly id: string; readonly step: number };
  /** Of a hub model whose list of files is known. */
  readonly hub?: ModelVariant & { readonly repo: string; readonly commit: string };
}

type Records = ReadonlyMap<string, FileRecord>;

const CHECKPOINT_FILE = /\/checkpoints\/step-(\d+)\//;
const HUB_FILE = /^hub\/((?:[^/]+\/)?[^/]+)\/([0-9a-f]{7,64})\//;
const HUB_LISTING = /^hub\/((?:[^/]+\/)?[^/]+)\/revisions\/(.+)\.json$/;

function summed(records: Records, keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + storedBytes(records.get(key)!), 0);
}

function appEntry(kind: 'bundled' | 'runtime', name: string, keys: readonly string[], records: Records): StoredModel {
  return { kind, name, bytes: summed(records, keys), complete: keys.every((key) => records.get(key)!.complete), keys };
}

/** Largest first. */
export async function listStored(store: FileStore): Promise<StoredModel[]> {
  const records: Records = new Map((await store.list()).map(({ key, record }) => [key, record]));
  const keys = [...records.keys()];
  const found: StoredModel[] = [];
  for (const { id, name, folder, checkpoints } of BUNDLED_MODELS) {
    const all = keys.filter((key) => key.startsWith(`bundled/${folder}`));
    const isOf = (step: number) => (key: string) => Number(CHECKPOINT_FILE.exec(key)?.[1]) === step;
    const own = all.filter((key) => !CHECKPOINT_FILE.test(key));
    if (own.length > 0) found.push(appEntry('bundled', name, own, records));
    for (const step of checkpoints.steps.filter((one) => all.some(isOf(one)))) {
      const entry = appEntry('bundled', checkpointName(name, step), all.filter(isOf(step)), records);
      found.push({ ...entry, checkpoint: { id, step } });
    }
  }
  const versions = new Set(keys.flatMap((key) => /^bundled\/runtime\/([^/]+)\//.exec(key)?.[1] ?? []));
  for (const version of versions) {
    const own = keys.filter((key) => key.startsWith(`bundled/runtime/${version}/`));
    found.push(appEntry('runtime', version, own, records));
  }
  const repositories = new Set(keys.flatMap((key) => HUB_FILE.exec(key)?.slice(1, 3).join(' ') ?? []));
  for (const repository of repositories) {
    const [repo, commit] = repository.split(' ') as [string, string];
    found.push(...(await listRepository(repo, commit, records, store)));
  }
  return found.sort((a, b) => b.bytes - a.bytes);
}

/** One entry per model of which something is stored; files that models share go with the last of them. */
async function listRepository(
  repo: string,
  commit: string,
  records: Records,
  store: FileStore,
): Promise<StoredModel[]> {
  const all = [...records.keys()].filter((key) => key.startsWith(hubFileKey(repo, commit, '')));
  const { listing, listingKeys } = await listingOf(repo, commit, records, store);
  const left = [...all, ...listingKeys, ...hubCheckKeys(records.keys(), repo, commit)];
  const models = (listing ? modelsIn(listing) : []).flatMap(({ dtype, graph }) => {
    const which = { dtype, ...(graph === undefined ? {} : { graph }) };
    const { layout, files } = modelIn(listing!, which);
    const own = [layout.graph, ...layout.external].map((path) => hubFileKey(repo, commit, path));
    const stored = files.map(({ path }) => hubFileKey(repo, commit, path)).filter((key) => records.has(key));
    const complete = stored.length === files.length && stored.every((key) => records.get(key)!.complete);
    const alone = [...own.filter((key) => records.has(key)), ...hubCheckKeys(records.keys(), repo, commit, dtype)];
    return own.some((key) => records.has(key)) ? [{ which, alone, stored, complete }] : [];
  });
  // Without a list of files, or with shared files alone, there is nothing to open but something to delete.
  if (models.length === 0)
    return [{ kind: 'hub', name: repo, bytes: summed(records, all), complete: false, keys: left }];
  return models.map(({ which, alone, stored, complete }) => ({
    kind: 'hub',
    name: repo,
    bytes: summed(records, stored),
    complete,
    keys: models.length === 1 ? left : alone,
    hub: { repo, commit, ...which },
  }));
}

async function listingOf(
  repo: string,
  commit: string,
  records: Records,
  store: FileStore,
): Promise<{ readonly listing: HubRepository | undefined; readonly listingKeys: readonly string[] }> {
  let listing: HubRepository | undefined;
  const listingKeys: string[] = [];
  for (const key of records.keys()) {
    const [, owner, revision] = HUB_LISTING.exec(key) ?? [];
    if (owner !== repo || revision === undefined) continue;
    const kept = await keptListing(repo, revision, store);
    if (kept?.commit !== commit) continue;
    listing = kept;
    listingKeys.push(key);
  }
  return { listing, listingKeys };
}

export async function deleteStored(store: FileStore, model: StoredModel): Promise<void> {
  for (const key of model.keys) await store.delete(key);
}

/** Deletes what is stored of one model of a repository, whole or in part. */
export async function deleteHubModel(
  store: FileStore,
  repo: string,
  commit: string,
  { dtype, graph }: ModelVariant,
): Promise<void> {
  const files = hubFileKey(repo, commit, '');
  for (const model of await listStored(store)) {
    const own = model.hub ? model.hub.dtype === dtype && model.hub.graph === graph : model.kind === 'hub';
    if (own && model.keys.some((key) => key.startsWith(files))) await deleteStored(store, model);
  }
}
