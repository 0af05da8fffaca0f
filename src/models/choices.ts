import type { Dtype, ModelChoice, ModelSource } from '../core/model';
import { DTYPES } from '../core/model';
import { BUNDLED_MODELS, DEFAULT_MODEL } from './catalogue';
import type { ChosenFolder } from './chosen-files';
import type { ModelVariant } from './layout';

export const BUNDLED_CHOICES: readonly ModelChoice[] = BUNDLED_MODELS.map(({ id, name }) => ({
  id,
  name,
  source: { kind: 'bundled', id },
}));

/** A bundled model as it was on the way. */
export function checkpointChoice(
  { id, name }: { readonly id: string; readonly name: string },
  step: number,
): ModelChoice {
  return { id: `${id}@${step}`, name: checkpointName(name, step), source: { kind: 'bundled', id, step } };
}

export const checkpointName = (name: string, step: number): string => `${name} · step ${step}`;

export function isCheckpoint({ source }: ModelChoice): boolean {
  return source.kind === 'bundled' && source.step !== undefined;
}

export const CHECKPOINT_CHOICES: readonly ModelChoice[] = BUNDLED_MODELS.flatMap((model) =>
  model.checkpoints.steps.map((step) => checkpointChoice(model, step)),
);

export const DEFAULT_CHOICE: ModelChoice = BUNDLED_CHOICES.find(({ id }) => id === DEFAULT_MODEL)!;

export type HubSource = Extract<ModelSource, { kind: 'hub' }>;
export type HubChoice = ModelChoice & { readonly source: HubSource };

/** What tells one model from others of its repository or folder: its dtype, or its graph's name. */
function labelOf({ dtype, graph }: ModelVariant): string {
  if (graph === undefined) return dtype;
  const [name = '', folder] = graph
    .replace(/\.onnx$/, '')
    .split('/')
    .reverse();
  return name === 'model' && folder !== undefined ? folder : name;
}

function idOf({ dtype, graph }: ModelVariant): string {
  return graph === undefined ? dtype : `${dtype}:${graph}`;
}

function variant(dtype: Dtype, graph: string | undefined): ModelVariant {
  return { dtype, ...(graph === undefined ? {} : { graph }) };
}

/**
 * A model of the hub.
 * @param revision A commit where the choice should mean the same model for ever.
 * @param graph Path of the graph, where it has not the usual name for its dtype.
 */
export function hubChoice(repo: string, revision: string, dtype: Dtype, graph?: string): HubChoice {
  const which = variant(dtype, graph);
  return {
    id: `hub:${repo}@${revision}:${idOf(which)}`,
    name: `${repo} · ${labelOf(which)}`,
    source: { kind: 'hub', repo, revision, ...which },
  };
}

/** A folder or archive opened in this session. */
export function folderChoice({ name, files }: ChosenFolder, dtype: Dtype, graph?: string): ModelChoice {
  const which = variant(dtype, graph);
  return {
    id: `folder:${name}:${idOf(which)}`,
    name: `${name} · ${labelOf(which)}`,
    source: { kind: 'folder', name, files, ...which },
  };
}

/** A hub choice's id as {@link hubChoice} writes it; undefined when it is none. Whether it exists is for the hub to say. */
export function parseHubChoice(id: string): HubChoice | undefined {
  const [, repo, revision, dtype, graph] =
    /^hub:([\w.-]{1,96}(?:\/[\w.-]{1,96})?)@([\w./-]{1,128}):([a-z0-9]+)(?::([^:\\]{1,256}\.onnx))?$/.exec(id) ?? [];
  const known = DTYPES.find((one) => one === dtype);
  if (repo === undefined || revision === undefined || known === undefined) return undefined;
  if (`${repo}/${revision}/${graph ?? 'x'}`.split('/').some((part) => part === '' || /^\.+$/.test(part)))
    return undefined;
  return hubChoice(repo, revision, known, graph);
}
