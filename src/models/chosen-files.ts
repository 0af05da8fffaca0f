import { StrataError } from '../core/errors';
import { availableDtypes, whatThereIs } from './layout';
import type { ChosenFile, Dtype } from '../core/model';

/** Files a person opened, as a model's folder. */
export interface ChosenFolder {
  readonly name: string;
  /** Paths relative to the folder that holds config.json. */
  readonly files: ReadonlyMap<string, ChosenFile>;
  readonly dtypes: readonly Dtype[];
}

/**
 * Makes a model's folder of chosen files: a folder's (with their relative paths), or one zip archive. Folders around
 * the one with config.json are left away.
 * @throws StrataError `missing-file` when there is no config.json or no model, `invalid-request` for a bad archive.
 */
export async function openChosen(files: readonly File[]): Promise<ChosenFolder> {
  const [first] = files;
  if (!first) throw new StrataError('missing-file', 'No files were chosen.', { file: 'config.json' });
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
  return asFolder(path.split('/')[0] || 'folder', files);
}

function asFolder(name: string, byPath: ReadonlyMap<string, ChosenFile>): ChosenFolder {
  const configs = [...byPath.keys()].filter((path) => /(^|\/)config\.json$/.test(path));
  const config = configs.sort((a, b) => a.length - b.length)[0];
  if (config === undefined) {
    throw new StrataError('missing-file', 'There is no config.json.', { file: 'config.json' });
  }
  const root = config.slice(0, -'config.json'.length);
  const inside = [...byPath].filter(([path]) => path.startsWith(root));
  const files = new Map(inside.map(([path, blob]) => [path.slice(root.length), blob]));
  const dtypes = availableDtypes(files.keys());
  if (dtypes.length === 0) {
    const message = `No model can be opened here: ${whatThereIs(files.keys())}.`;
    throw new StrataError('missing-file', message, { file: 'onnx/model.onnx' });
  }
  return { name: root.split('/').filter(Boolean).pop() ?? name, files, dtypes };
}
