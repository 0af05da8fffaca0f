import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StrataError, type ErrorCode } from '../core/errors';
import type { ModelFiles } from '../core/model';
import { HUB, openHub } from '../models/hub';
import type { Transport } from '../models/http';
import type { ModelArguments, TraceArguments } from './arguments';
import { cacheFolder, FolderStore } from './folder-store';
import { openFolder } from './open-folder';
import { ProgressLine, type ProgressOutput } from './progress-line';

/** Models that come with Strata, by id. */
const BUNDLED: Readonly<Record<string, URL>> = {
  atlas: new URL('../../public/models/atlas', import.meta.url),
};

/** What could be a model on the hub: `owner/name`, with a revision or without. */
const HUB_ID = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@(.*))?$/;
const DEFAULT_REVISION = 'main';

export interface ModelEnvironment {
  /** `HF_TOKEN`, and what names the folder for caches. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: ProgressOutput;
  readonly transport?: Transport;
}

type Wanted = ModelArguments & { readonly prompt: TraceArguments['prompt'] };

/**
 * Opens what `--model` names: a folder if there is one, a model that comes with Strata, or one on the hub, fetched
 * into the folder for caches where it is not there yet.
 * @throws StrataError `invalid-request`, `missing-file`, `invalid-config`, and of the network.
 */
export async function openModel(wanted: Wanted, environment: ModelEnvironment): Promise<ModelFiles> {
  const { model, revision, dtype } = wanted;
  const tokenizer = 'text' in wanted.prompt;
  const [, id = '', step] = /^(\w+)(?:@(\d+))?$/.exec(model) ?? [];
  const bundled = BUNDLED[id];
  const onDisk = statSync(model, { throwIfNoEntry: false });
  if (onDisk || bundled) {
    if (revision !== undefined) refuse(`--revision is for hub models; ${model} is not fetched from the hub.`);
    if (onDisk && !onDisk.isDirectory()) refuse(`${model} is a file: give the folder that holds config.json.`);
    if (onDisk || !bundled) return openFolder(model, dtype, { tokenizer });
    const folder = fileURLToPath(bundled);
    return openFolder(folder, dtype, {
      tokenizer,
      ...(step === undefined ? {} : checkpoint(id, folder, Number(step))),
    });
  }
  const [, repo, after] = HUB_ID.exec(model) ?? [];
  if (repo === undefined) refuse(`There is no folder ${model}; a model on the hub is named owner/name.`);
  if (after !== undefined && revision !== undefined) refuse('Give the revision once: after @, or with --revision.');
  const files = await fetchFromHub(repo, after ?? revision ?? DEFAULT_REVISION, wanted, environment);
  return tokenizer ? files : withoutTokenizer(files);
}

interface Checkpoint {
  readonly step: number;
  readonly file: string;
}

/** A model that comes with Strata, as it was after so many steps of its training. */
function checkpoint(id: string, folder: string, step: number): { readonly graph: { path: string; name: string } } {
  const list = readFileSync(join(folder, 'checkpoints.json'), 'utf8');
  const { checkpoints } = JSON.parse(list) as { checkpoints: readonly Checkpoint[] };
  const found = checkpoints.find((one) => one.step === step);
  if (!found) refuse(`There is no ${id}@${step}: it was saved after the steps ${stepsOf(checkpoints)}.`);
  return { graph: { path: found.file, name: `${id}@${step}` } };
}

const stepsOf = (checkpoints: readonly Checkpoint[]): string => checkpoints.map(({ step }) => step).join(', ');

function refuse(what: string): never {
  throw new StrataError('invalid-request', what);
}

async function fetchFromHub(
  repo: string,
  revision: string,
  { hub = HUB, dtype }: Wanted,
  { env, progress, transport }: ModelEnvironment,
): Promise<ModelFiles> {
  const token = env['HF_TOKEN']?.trim();
  // Anything else cannot stand in a header.
  if (token && !/^[\x21-\x7e]+$/.test(token)) refuse('HF_TOKEN is not a token.');
  const line = new ProgressLine(progress);
  try {
    return await openHub(
      { kind: 'hub', repo, revision, dtype },
      {
        base: hub,
        store: new FolderStore(cacheFolder(env)),
        token,
        onProgress: (event) => line.show(event),
        ...(transport ? { transport } : {}),
      },
    );
  } catch (cause) {
    throw hubError(StrataError.from(cause), { repo, revision, hub, token });
  } finally {
    line.clear();
  }
}

interface Asked {
  readonly repo: string;
  readonly revision: string;
  readonly hub: string;
  readonly token: string | undefined;
}

/** Says of the hub's refusals what can be done about them; other failures name themselves. */
function hubError(error: StrataError, { repo, revision, hub, token }: Asked): StrataError {
  const { host } = new URL(hub);
  const words: Partial<Record<ErrorCode, string>> = {
    'not-found': `There is no folder ${repo}, and ${host} has no ${repo} with a revision ${revision}.`,
    unauthorized: token
      ? `${host} does not accept the token in HF_TOKEN.`
      : `${host} has no public model ${repo}: if it is private or gated, put your token in HF_TOKEN.`,
    forbidden: `${host} does not let this token read ${repo}: accept its terms at ${hub}${repo} first.`,
    'rate-limited': `${host} asks for a pause: too many requests came from here.`,
  };
  const asked = typeof error.details['url'] === 'string' && error.details['url'].startsWith(`${hub}api/`);
  const better = asked || error.code !== 'not-found' ? words[error.code] : undefined;
  return better === undefined ? error : new StrataError(error.code, better, error.details, { cause: error });
}

function withoutTokenizer({ name, dtype, config, graph, external, provenance }: ModelFiles): ModelFiles {
  return { name, dtype, config, graph, external, provenance };
}
