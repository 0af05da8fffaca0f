import { TOO_LARGE_REASONS, UNSUPPORTED_REASONS, type ErrorDetails, type ErrorRecord } from '../../core/errors';
import { reasonOf } from '../../core/missing-reasons';
import type { ModelFlaw } from '../../core/model-flaws';
import type { ArchiveFault } from '../../models/archive-faults';
import { NO_ADDRESSES } from '../../models/hub-address-kinds';
import { NO_MODEL_REASONS } from '../../models/layout';
import { bytes, whole } from '../../views/format';
import type { Words, WordValues } from '../../views/words';
import { missingText } from './missing-words';

/** Why a sound file is no model to look into, in a sentence; undefined where that is not known so exactly. */
export function unsupported({ code, details }: ErrorRecord, words: Words): string | undefined {
  const reason = UNSUPPORTED_REASONS.find((one) => code === 'unsupported-model' && details['reason'] === one);
  return reason && words(`error.unsupported-model.${reason}`, { input: String(details['input'] ?? '') });
}

/** The details as words take them: numbers in the reader's language, sizes with their unit. */
function valuesOf(details: ErrorDetails): WordValues {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => {
      if (typeof value !== 'number') return [name, String(value)];
      return [name, name === 'bytes' ? bytes(value) : whole(value)];
    }),
  );
}

/** A file that a person has and that is something else. */
function impostor({ found, place, bytes: size }: ErrorDetails, values: WordValues, words: Words): string | undefined {
  if (place === 'server') return undefined;
  if (found === 'html') return words('models.error.page', values);
  if (found !== 'lfs-pointer') return undefined;
  return words(size === undefined ? 'models.error.pointer' : 'models.error.pointer.sized', values);
}

/** Why what stands in the field for a hub id is none. */
function noAddress({ hub, repo, host }: ErrorDetails, words: Words): string {
  const kind = NO_ADDRESSES.find((one) => one === hub);
  if (kind !== 'other-host') return kind ? words(`models.error.hub.${kind}`) : words('models.error.id');
  return repo === undefined
    ? words('models.error.hub.other-host', { host: String(host) })
    : words('models.error.hub.other-host.repo', { host: String(host), repo: String(repo) });
}

function missingFile(details: ErrorDetails, words: Words): string {
  const values = valuesOf(details);
  if (details['reason'] === 'weights') return words('error.missing-file.weights', values);
  if (details['dtype'] !== undefined && details['available']) return words('error.missing-file.dtype', values);
  return words('error.missing-file.named', values);
}

/** What exactly is wrong with a model's files; undefined where no more than the code is known. */
function exactly({ code, details }: ErrorRecord, words: Words): string | undefined {
  const values = valuesOf(details);
  if (code === 'missing-file' && details['file'] !== undefined) return missingFile(details, words);
  if (code === 'invalid-config' && details['file'] !== undefined) return words('error.invalid-config.file', values);
  if (code === 'malformed-model') {
    const flaw = details['flaw'] as ModelFlaw | undefined;
    return flaw && words(`flaw.${flaw}`, values);
  }
  if (code === 'unknown-anatomy') {
    const reason = reasonOf(details);
    return reason && missingText(reason, words);
  }
  if (code === 'model-too-large') {
    const reason = TOO_LARGE_REASONS.find((one) => details['reason'] === one);
    return reason && words(`error.model-too-large.${reason}`, values);
  }
  if (code === 'tokenizer-mismatch' && details['id'] !== undefined) {
    const { id, d_vocab } = details;
    return words('error.tokenizer-mismatch.id', { id: Number(id), last: Number(d_vocab) - 1 });
  }
  if (code === 'session-failed' && details['said'] !== undefined) return words('error.session-failed.said', values);
  return undefined;
}

/** What went wrong on the way to a model, in a sentence or two. Its words are the shell's and the room `models`'. */
export function modelError(error: ErrorRecord, words: Words): string {
  const { code, details } = error;
  const reason = unsupported(error, words);
  if (reason !== undefined) return reason;
  const { archive } = details;
  if (code === 'invalid-request' && 'hub' in details) return noAddress(details, words);
  const noModel = NO_MODEL_REASONS.find((one) => code === 'missing-file' && details['reason'] === one);
  if (noModel) return words(`models.error.no-model.${noModel}`, valuesOf(details));
  const instead = code === 'not-a-model-file' ? impostor(details, valuesOf(details), words) : undefined;
  if (instead !== undefined) return instead;
  if (code === 'invalid-request' && 'archive' in details)
    return words(`models.error.archive.${archive as ArchiveFault}`);
  if (code === 'invalid-request' && 'files' in details) return words('models.error.files');
  if (code === 'invalid-request' && ('repo' in details || 'revision' in details)) return words('models.error.id');
  if (code === 'unauthorized') return words('models.error.unauthorized');
  if (code === 'forbidden') return words('models.error.forbidden');
  if (code === 'not-found') return words('models.error.notFound');
  if (code === 'offline') return words(navigator.onLine ? 'models.error.unreachable' : 'models.error.offline');
  if (code === 'storage-full') return words('models.error.full');
  const more = exactly(error, words);
  return more === undefined ? words(`error.${code}`) : `${words(`error.${code}`)} ${more}`;
}
