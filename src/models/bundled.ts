import { StrataError } from '../core/errors';
import type { ModelFiles, ModelSource } from '../core/model';
import { assembleModel } from './assemble';
import { BUNDLED_MODELS } from './catalogue';
import { checkpointName } from './choices';
import { downloadAll, type SourceOptions } from './download-all';
import { externalFiles } from './external-files';
import { availableDtypes, findModel } from './layout';
import { appFileRequest, fetchCheckpoints, fetchManifest, type ManifestEntry } from './manifest';

type BundledSource = Extract<ModelSource, { kind: 'bundled' }>;

/**
 * Opens a model that belongs to the app. Everything its manifest lists is fetched and kept (what it was taught too),
 * so that all of it is there without a network. A checkpoint is the same but for the graph.
 * @param root The app's root URL.
 */
export async function openBundled({ id, step }: BundledSource, root: URL, options: SourceOptions): Promise<ModelFiles> {
  const model = BUNDLED_MODELS.find((entry) => entry.id === id);
  if (!model)
    throw new StrataError('invalid-request', `There is no bundled model named ${JSON.stringify(id)}.`, { id });
  const folder = new URL(model.folder, root);
  const entries = await fetchManifest(folder, options);
  const layoutPaths = entries.map((entry) => entry.path);
  const dtype = availableDtypes(layoutPaths)[0] ?? 'fp32';
  const layout = findModel(layoutPaths, dtype);
  const graph = step === undefined ? undefined : await checkpointGraph(folder, id, step, options);
  const files = entries.map((entry) => (graph && entry.path === layout.graph ? graph : entry));
  const bytes = await downloadAll(
    // Called as what it stands for: the graph of the model.
    files.map((file, index) => ({ ...appFileRequest(root, model.folder, file), name: entries[index]!.path })),
    options,
  );
  const external = await externalFiles(layout.graph, bytes.get(layout.graph)!, layoutPaths);
  const name = step === undefined ? model.name : checkpointName(model.name, step);
  return assembleModel(name, dtype, layout, bytes, external, {
    source: 'bundled',
    id: step === undefined ? id : `${id}@${step}`,
    sha256: Object.fromEntries(files.map((file) => [file.path, file.sha256])),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  });
}

async function checkpointGraph(folder: URL, id: string, step: number, options: SourceOptions): Promise<ManifestEntry> {
  const found = (await fetchCheckpoints(folder, options)).find((entry) => entry.step === step);
  if (!found) throw new StrataError('invalid-request', `There is no checkpoint of ${id} after step ${step}.`, { id });
  return found;
}
