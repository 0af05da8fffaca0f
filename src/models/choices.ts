import type { Dtype, ModelChoice, ModelSource } from '../core/model';
import { DTYPES } from '../core/model';
import { BUNDLED_MODELS, DEFAULT_MODEL } from './catalogue';
import type { ChosenFolder } from './chosen-files';

export const BUNDLED_CHOICES: readonly ModelChoice[] = BUNDLED_MODELS.map(({ id, name }) => ({
  id,
  name,
  source: { kind: 'bundled', id },
}));

export const DEFAULT_CHOICE: ModelChoice = BUNDLED_CHOICES.find(({ id }) => id === DEFAULT_MODEL)!;

export type HubSource = Extract<ModelSource, { kind: 'hub' }>;
export type HubChoice = ModelChoice & { readonly source: HubSource };

/** A model of the hub. @param revision A commit where the choice should mean the same model for ever. */
export function hubChoice(repo: string, revision: string, dtype: Dtype): HubChoice {
  return {
    id: `hub:${repo}@${revision}:${dtype}`,
    name: `${repo} · ${dtype}`,
    source: { kind: 'hub', repo, revision, dtype },
  };
}

/** A folder or archive opened in this session. */
export function folderChoice({ name, files }: ChosenFolder, dtype: Dtype): ModelChoice {
  return { id: `folder:${name}:${dtype}`, name: `${name} · ${dtype}`, source: { kind: 'folder', name, dtype, files } };
}

/** A hub choice's id as {@link hubChoice} writes it; undefined when it is none. Whether it exists is for the hub to say. */
export function parseHubChoice(id: string): HubChoice | undefined {
  const [, repo, revision, dtype] =
    /^hub:([\w.-]{1,96}(?:\/[\w.-]{1,96})?)@([\w./-]{1,128}):([a-z0-9]+)$/.exec(id) ?? [];
  const known = DTYPES.find((one) => one === dtype);
  if (repo === undefined || revision === undefined || known === undefined) return undefined;
  if (`${repo}/${revision}`.split('/').some((part) => part === '' || /^\.+$/.test(part))) return undefined;
  return hubChoice(repo, revision, known);
}

/** What stands in the field "Hub id": `owner/name`, `owner/name@revision`, or the page's address on the hub. */
export function parseHubField(text: string): { readonly repo: string; readonly revision: string } | undefined {
  const bare = text
    .trim()
    .replace(/^https?:\/\/(www\.)?(huggingface\.co|hf\.co)\//i, '')
    .replace(/\/(?:tree|blob)\/([^/]+).*$/, '@$1')
    .replace(/\/+$/, '');
  const [, repo, revision = 'main'] = /^((?:[\w.-]+\/)?[\w.-]+)(?:@([\w./-]+))?$/.exec(bare) ?? [];
  return repo === undefined ? undefined : { repo, revision };
}
