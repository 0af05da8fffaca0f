import { StrataError } from '../core/errors';
import {
  findModel,
  homeOf,
  nothingBeside,
  unreadDtypes,
  variantsIn,
  type ModelVariant,
  type NO_MODEL_REASONS,
} from './layout';
import type { ChosenFile } from '../core/model';

/** Files a person opened, as a model's folder. */
export interface ChosenFolder {
  readonly name: string;
  /** Paths relative to the innermost folder that holds every model. */
  readonly files: ReadonlyMap<string, ChosenFile>;
  /** Those in it, the likeliest first. */
  readonly models: readonly ModelVariant[];
}

/**
 * Makes a model's folder of chosen files: a folder's (with their relative paths), or one zip archive. Folders around
 * the one with config.json are left away.
 * @throws StrataError `missing-file` with a `reason` when no model is there, `invalid-request` for a bad archive.
 */
export async function openChosen(files: readonly File[]): Promise<ChosenFolder> {
  const [first] = files;
  if (!first) throw new StrataError('missing-file', 'There are no files.', { reason: 'empty', file: 'config.json' });
  if (files.length === 1 && /\.zip$/i.test(first.name)) {
    return asFolder(first.name.replace(/\.zip$/i, ''), await listArchive(first));
  }
  return openTree(new Map(files.map((file) => [file.webkitRelativePath || file.name, file])));
}

async function listArchive(archive: Blob): Promise<ReadonlyMap<string, ChosenFile>> {
  const { openArchive } = await import('./archive');
  const { sizes } = await openArchive(archive);
  return new Map([...sizes].map(([path, size]) => [path, { archive, path, size }]));
}

/**
 * Makes a model's folder of files with their paths, e.g. of a folder that was dropped on the page.
 * @throws StrataError `missing-file`
 */
export function openTree(files: ReadonlyMap<string, Blob>): ChosenFolder {
  const [path = ''] = files.keys();
  const [folder] = path.split('/');
  const graph = [...files.keys()].find((name) => name.endsWith('.onnx'));
  // Files that were chosen by themselves are in no folder that has a name.
  const name = path.includes('/') ? folder : graph?.replace(/\.onnx$/, '');
  return asFolder(name || 'folder', files);
}

function asFolder(name: string, byPath: ReadonlyMap<string, ChosenFile>): ChosenFolder {
  const paths = [...byPath.keys()];
  const root = rootOf(paths);
  const inside = [...byPath].filter(([path]) => path.startsWith(root));
  const files = new Map(inside.map(([path, blob]) => [path.slice(root.length), blob]));
  const models = variantsIn(files.keys());
  if (models.length === 0) throw noModel(paths);
  return { name: nameOf(root, name), files, models };
}

/** The innermost folder that holds every model and what says something of it; ends in a slash, or is empty. */
function rootOf(paths: readonly string[]): string {
  const all = new Set(paths);
  const homes = variantsIn(paths).flatMap(
    ({ dtype, graph }) => homeOf(graph ?? findModel(all, dtype).graph, all) ?? [],
  );
  const [first = '', ...others] = homes;
  let root = first;
  while (!others.every((home) => home.startsWith(root))) root = root.replace(/[^/]*\/$/, '');
  return root;
}

/** Of a folder of the hub's cache, the model it is. @param parts Names of folders. */
function cachedName(parts: readonly string[]): string | undefined {
  const cached = parts.map((part) => /^models--(.+)$/.exec(part)?.[1]).find((part) => part !== undefined);
  return cached?.replace('--', '/');
}

function nameOf(root: string, name: string): string {
  const parts = root.split('/').filter(Boolean);
  return cachedName([name, ...parts]) ?? parts.pop() ?? name;
}

/** Weights in files of other programs, by what their names end in. */
const OTHER_FORMATS = /\.(safetensors|gguf|ggml|pt|pth|h5|msgpack|tflite|mlmodel|pkl)$|(^|\/)pytorch_model[^/]*\.bin$/i;
/** What lies in the hub's cache under checksums; its files with names are links to them. */
const CACHED = /(^|\/)blobs\/[0-9a-f]{40,64}$/;

/** Why there is no model among these files, and what they are instead. */
function noModel(paths: readonly string[]): StrataError {
  const refuse = (
    reason: (typeof NO_MODEL_REASONS)[number],
    message: string,
    details: Readonly<Record<string, string>> = {},
  ) => new StrataError('missing-file', message, { reason, file: 'onnx/model.onnx', ...details });
  const graph = paths.find((path) => path.endsWith('.onnx'));
  const unread = unreadDtypes(paths.map((path) => path.replace(/^.*?(?=(onnx\/)?[^/]+$)/, '')));
  if (unread.length > 0) {
    const dtypes = unread.join(', ');
    return refuse('unread', `No model can be opened here: there is only ${dtypes}, which Strata does not read.`, {
      dtypes,
    });
  }
  if (graph !== undefined) return nothingBeside(graph);
  const cached = paths.find((path) => CACHED.test(path));
  if (cached !== undefined) {
    const message = 'This is the hub’s cache: its files have their names in links, which browsers do not follow.';
    return refuse('hub-cache', message, { repo: cachedName(cached.split('/')) ?? 'owner/name' });
  }
  const other = paths
    .find((path) => OTHER_FORMATS.test(path))
    ?.split('/')
    .pop();
  if (other !== undefined)
    return refuse('other-format', `${other} is made for another program; Strata reads ONNX.`, { other });
  return refuse('no-graph', 'There is no model file here: Strata looks for one that ends in .onnx.');
}
