import * as v from 'valibot';
import { StrataError, type ErrorCode } from '../core/errors';
import type { ModelFiles, ModelSource } from '../core/model';
import { assembleModel } from './assemble';
import type { FileRequest } from './download';
import { downloadAll, downloadAllToStore, type SourceOptions } from './download-all';
import { externalFiles, mayHaveExternal, type ExternalFiles } from './external-files';
import { fetchJson } from './http';
import { filesOf, findModel, variantsIn, type ModelLayout, type ModelVariant } from './layout';
import { fileSize, safePath } from './schemas';
import { readJson, writeJson, type FileStore } from './storage';

export const HUB = 'https://huggingface.co/';

/** `owner/name`, or the bare name of one of the hub's first models. */
const REPO_ID = /^(?:[A-Za-z0-9][\w.-]{0,95}\/)?[A-Za-z0-9][\w.-]{0,95}$/;
const REVISION = /^[\w][\w./-]{0,127}$/;
/** The tree API answers at most this many entries a page; a model repository has far fewer pages than this. */
const MAX_PAGES = 20;

const ListedFile = v.object({
  path: safePath(),
  bytes: fileSize(),
  checksum: v.object({ algorithm: v.picklist(['sha256', 'git-sha1']), hex: v.string() }),
});

/** A file of a repository. */
export type HubFile = Readonly<v.InferOutput<typeof ListedFile>>;

export interface HubOptions extends SourceOptions {
  /** Where the hub is; another base serves mirrors and tests. Ends in `/`. */
  readonly base?: string;
  /** Kept in memory only, sent to the hub alone. */
  readonly token?: string | undefined;
}

const Repository = v.object({
  repo: v.string(),
  /** What was asked for: a branch, a tag or a commit. */
  revision: v.string(),
  /** The commit it was. */
  commit: v.string(),
  files: v.array(ListedFile),
  /** Files of weights that a graph was found to name, by the graph's path: known once the graph is here. */
  weights: v.exactOptional(v.record(v.string(), v.array(safePath()))),
});

/** A repository pinned to one commit. */
export type HubRepository = Readonly<v.InferOutput<typeof Repository>>;

/** The hub's answer to which commit a revision is. */
const Revision = v.object({ sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{7,64}$/)) });

/** An entry of the hub's tree: a large file with the checksum of its content, a small one with git's. */
const LargeFile = v.pipe(
  v.object({ type: v.literal('file'), path: safePath(), lfs: v.object({ oid: v.string(), size: fileSize() }) }),
  v.transform(({ path, lfs }): HubFile => ({
    path,
    bytes: lfs.size,
    checksum: { algorithm: 'sha256', hex: lfs.oid },
  })),
);
const SmallFile = v.pipe(
  v.object({ type: v.literal('file'), path: safePath(), oid: v.string(), size: fileSize() }),
  v.transform(({ path, size, oid }): HubFile => ({ path, bytes: size, checksum: { algorithm: 'git-sha1', hex: oid } })),
);
/** Folders, and what is no file that could be fetched and checked, are left out. */
const Tree = v.array(v.fallback(v.optional(v.union([LargeFile, SmallFile])), undefined));

/** @throws StrataError `invalid-request` for what cannot be a repository id or a revision. */
export function checkHubId(repo: string, revision: string): void {
  if (!REPO_ID.test(repo) || repo.includes('..')) {
    throw new StrataError('invalid-request', 'A hub id looks like owner/name.', { repo });
  }
  if (!REVISION.test(revision) || revision.includes('..')) {
    throw new StrataError('invalid-request', 'A revision is a branch, a tag or a commit.', { revision });
  }
}

/** Asks the hub which commit a revision is and what files it has, with their checksums. */
export async function openRepository(repo: string, revision: string, options: HubOptions): Promise<HubRepository> {
  checkHubId(repo, revision);
  const base = options.base ?? HUB;
  const api = `${base}api/models/${repo}`;
  const info = await hubJson(`${api}/revision/${encodeURIComponent(revision)}`, options);
  const pinned = v.safeParse(Revision, info.data);
  if (!pinned.success) throw unreadable(api);
  const commit = pinned.output.sha;
  const files: HubFile[] = [];
  let next: string | undefined = `${api}/tree/${commit}?recursive=true`;
  for (let page = 0; next !== undefined && page < MAX_PAGES; page++) {
    const url: string = next;
    const { data, response } = await hubJson(url, options);
    const tree = v.safeParse(Tree, data);
    if (!tree.success) throw unreadable(url);
    files.push(...tree.output.filter((file) => file !== undefined));
    next = nextPage(response.headers.get('Link'), url);
  }
  return { repo, revision, commit, files };
}

/** Failures of the network, as opposed to answers of the hub. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['offline', 'server-busy', 'http-error', 'not-a-model-file']);

const COMMIT = /^[0-9a-f]{40}$/;

/** Where the answer to "what is this revision" is kept. */
export function listingKey(repo: string, revision: string): string {
  return `hub/${repo}/revisions/${revision}.json`;
}

/** Keeps what the hub said of a repository, so that its files can be found without asking again. */
async function keepListing(repository: HubRepository, store: FileStore): Promise<void> {
  const { repo, revision, commit } = repository;
  // The hub does not know which files of weights a graph names; of a commit that stays true.
  const weights = { ...(await keptListing(repo, commit, store))?.weights, ...repository.weights };
  const kept = Object.keys(weights).length > 0 ? { ...repository, weights } : repository;
  for (const name of new Set([revision, commit])) await writeJson(store, listingKey(repo, name), kept);
}

/** What was kept of a revision; undefined when nothing readable was. */
export async function keptListing(
  repo: string,
  revision: string,
  store: FileStore,
): Promise<HubRepository | undefined> {
  const kept = v.safeParse(Repository, await readJson(store, listingKey(repo, revision)));
  return kept.success ? kept.output : undefined;
}

/** {@link openRepository}, or what it said last time: always for a commit, else when the hub cannot be reached. */
async function openRepositoryOrLast(repo: string, revision: string, options: HubOptions): Promise<HubRepository> {
  checkHubId(repo, revision);
  const { store } = options;
  const pinned = COMMIT.test(revision) ? await keptListing(repo, revision, store) : undefined;
  if (pinned) return pinned;
  try {
    const repository = await openRepository(repo, revision, options);
    await keepListing(repository, store);
    return repository;
  } catch (cause) {
    const error = StrataError.from(cause);
    const last = UNREACHABLE.has(error.code) ? await keptListing(repo, revision, store) : undefined;
    if (last === undefined) throw error;
    return last;
  }
}

/**
 * One model of a repository: its layout and the files it takes, as far as they are known before its graph is read.
 * @throws StrataError `missing-file`
 */
export function modelIn(
  { files, weights }: HubRepository,
  { dtype, graph }: ModelVariant,
): { readonly layout: ModelLayout; readonly files: readonly HubFile[]; readonly bytes: number } {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const usual = findModel(byPath.keys(), dtype, graph);
  const layout = { ...usual, external: weights?.[usual.graph] ?? usual.external };
  const own = filesOf(layout).flatMap((path) => byPath.get(path) ?? []);
  return { layout, files: own, bytes: own.reduce((sum, file) => sum + file.bytes, 0) };
}

/** Models a repository offers, each with its size. Empty when there is none that could be one to look into. */
export function modelsIn(repository: HubRepository): (ModelVariant & { readonly bytes: number })[] {
  const variants = variantsIn(repository.files.map(({ path }) => path));
  return variants.map((one) => ({ ...one, bytes: modelIn(repository, one).bytes }));
}

/** Name in storage of a repository's file. */
export function hubFileKey(repo: string, commit: string, path: string): string {
  return `hub/${repo}/${commit}/${path}`;
}

/** Fetches one model of a repository into storage, every file checked, with little memory. */
export async function storeHub(repository: HubRepository, which: ModelVariant, options: HubOptions): Promise<void> {
  const { store } = options;
  await keepListing(repository, store);
  const requests = (files: readonly HubFile[]) => files.map((file) => fileRequest(repository, file, options));
  const { layout, files } = modelIn(repository, which);
  await downloadAllToStore(requests(files), options);
  if (!mayNeedMore(repository, layout)) return;
  const key = hubFileKey(repository.repo, repository.commit, layout.graph);
  const graph = await readStored(key, store);
  if (!graph) return;
  const { more } = await weightsOf(repository, layout, graph, store);
  await downloadAllToStore(requests(more), options);
}

/** Opens a model from the hub: one of one repository, pinned to a commit, every file checked. */
export async function openHub(source: Extract<ModelSource, { kind: 'hub' }>, options: HubOptions): Promise<ModelFiles> {
  const repository = await openRepositoryOrLast(source.repo, source.revision, options);
  const { layout, files: first } = modelIn(repository, source);
  const fetched = (files: readonly HubFile[]) =>
    downloadAll(
      files.map((file) => fileRequest(repository, file, options)),
      options,
    );
  const bytes = await fetched(first);
  const { external, more } = await weightsOf(repository, layout, bytes.get(layout.graph)!, options.store);
  for (const [path, content] of await fetched(more)) bytes.set(path, content);
  const files = [...first, ...more];
  return assembleModel(source.repo, source.dtype, layout, bytes, external, {
    source: 'hub',
    id: source.repo,
    revision: repository.commit,
    sha256: Object.fromEntries(
      files.flatMap(({ path, checksum }) => (checksum.algorithm === 'sha256' ? [[path, checksum.hex]] : [])),
    ),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  });
}

/** Whether a graph may name files of weights that its own name does not lead to. */
function mayNeedMore({ files, weights }: HubRepository, { graph, external }: ModelLayout): boolean {
  const others = files.map(({ path }) => path).filter((path) => !external.includes(path));
  return weights?.[graph] === undefined && mayHaveExternal(graph, others);
}

/** The files of weights that a graph names, and those of them that its own name does not lead to; kept for the next time. */
async function weightsOf(
  repository: HubRepository,
  { graph, external: usual }: ModelLayout,
  bytes: Uint8Array,
  store: FileStore,
): Promise<{ readonly external: ExternalFiles; readonly more: readonly HubFile[] }> {
  const external = await externalFiles(
    graph,
    bytes,
    repository.files.map(({ path }) => path),
  );
  const paths = [...new Set(external.values())];
  const more = repository.files.filter(({ path }) => paths.includes(path) && !usual.includes(path));
  if (more.length > 0) await keepListing({ ...repository, weights: { ...repository.weights, [graph]: paths } }, store);
  return { external, more };
}

/** A file that is stored whole; undefined when it is not. */
async function readStored(key: string, store: FileStore): Promise<Uint8Array | undefined> {
  const record = await store.record(key);
  if (!record?.complete) return undefined;
  const bytes = new Uint8Array(record.bytes);
  let at = 0;
  for (let index = 0; index < record.segments; index++) {
    const segment = await store.segment(key, index);
    if (!segment) return undefined;
    bytes.set(segment, at);
    at += segment.length;
  }
  return bytes;
}

function fileRequest(repository: HubRepository, file: HubFile, options: HubOptions): FileRequest {
  const { repo, commit } = repository;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    key: hubFileKey(repo, commit, file.path),
    name: file.path,
    url: `${options.base ?? HUB}${repo}/resolve/${commit}/${path}`,
    bytes: file.bytes,
    checksum: file.checksum,
    headers: authorization(options),
  };
}

function authorization(options: HubOptions): Record<string, string> {
  return options.token ? { Authorization: `Bearer ${options.token}` } : {};
}

async function hubJson(url: string, options: HubOptions): Promise<{ data: unknown; response: Response }> {
  return fetchJson(url, { headers: authorization(options), signal: options.signal }, options.transport);
}

/** The next page's URL, if it stays on the same host (a token must not follow it elsewhere). */
function nextPage(link: string | null, from: string): string | undefined {
  const target = /<([^>]+)>\s*;\s*rel="next"/.exec(link ?? '')?.[1];
  if (target === undefined) return undefined;
  const url = new URL(target, from);
  return url.origin === new URL(from).origin ? url.href : undefined;
}

function unreadable(url: string): StrataError {
  return new StrataError('not-a-model-file', 'The hub answered something unexpected.', { url, found: 'other' });
}
