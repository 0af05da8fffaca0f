import { StrataError } from '../core/errors';
import type { ModelFiles } from '../core/model';
import { assembleModel } from './assemble';
import { BUNDLED_MODELS } from './catalogue';
import { downloadAll, type SourceOptions } from './download-all';
import { externalFiles } from './external-files';
import { availableDtypes, findModel } from './layout';
import { appFileRequest, fetchManifest } from './manifest';

/**
 * Opens a model that belongs to the app. Everything its manifest lists is fetched and kept (what it was taught too),
 * so that all of it is there without a network.
 * @param root The app's root URL.
 */
export async function openBundled(id: string, root: URL, options: SourceOptions): Promise<ModelFiles> {
  const model = BUNDLED_MODELS.find((entry) => entry.id === id);
  if (!model)
    throw new StrataError('invalid-request', `There is no bundled model named ${JSON.stringify(id)}.`, { id });
  const entries = await fetchManifest(new URL(model.folder, root), options);
  const layoutPaths = entries.map((entry) => entry.path);
  const dtype = availableDtypes(layoutPaths)[0] ?? 'fp32';
  const layout = findModel(layoutPaths, dtype);
  const bytes = await downloadAll(
    entries.map((entry) => appFileRequest(root, model.folder, entry)),
    options,
  );
  const external = await externalFiles(layout.graph, bytes.get(layout.graph)!, layoutPaths);
  return assembleModel(model.name, dtype, layout, bytes, external, {
    source: 'bundled',
    id,
    sha256: Object.fromEntries(entries.map((entry) => [entry.path, entry.sha256])),
    bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
  });
}
