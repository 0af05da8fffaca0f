import { ARCHIVE_FAULTS } from '../../models/archive-faults';
import { UNSUPPORTED_REASONS, type ErrorCode, type ErrorRecord } from '../../core/errors';
import type { Words } from '../../views/words';

/** Codes whose message names what exactly is wrong with a model's files. */
const NAMED: ReadonlySet<ErrorCode> = new Set([
  'missing-file',
  'invalid-config',
  'malformed-model',
  'unsupported-model',
  'unknown-anatomy',
  'model-too-large',
  'tokenizer-mismatch',
  'session-failed',
]);

/** Why a sound file is no model to look into, in a sentence; undefined where that is not known so exactly. */
export function unsupported({ code, details }: ErrorRecord, words: Words): string | undefined {
  const reason = UNSUPPORTED_REASONS.find((one) => code === 'unsupported-model' && details['reason'] === one);
  return reason && words(`error.unsupported-model.${reason}`, { input: String(details['input'] ?? '') });
}

/** What went wrong on the way to a model, in a sentence or two. */
export function modelError(error: ErrorRecord, words: Words): string {
  const { code, message, details } = error;
  const reason = unsupported(error, words);
  if (reason !== undefined) return reason;
  if (code === 'invalid-request' && details['hub'] === true) return words('models.error.id');
  const fault = ARCHIVE_FAULTS.find((one) => code === 'invalid-request' && details['archive'] === one);
  if (fault) return words(`models.error.archive.${fault}`);
  if (code === 'invalid-request' && 'files' in details) return words('models.error.files');
  if (code === 'invalid-request' && ('repo' in details || 'revision' in details)) return words('models.error.id');
  if (code === 'unauthorized') return words('models.error.unauthorized');
  if (code === 'forbidden') return words('models.error.forbidden');
  if (code === 'not-found') return words('models.error.notFound');
  if (code === 'offline') return words(navigator.onLine ? 'models.error.unreachable' : 'models.error.offline');
  if (code === 'storage-full') return words('models.error.full');
  const sentence = words(`error.${code}`);
  return NAMED.has(code) ? `${sentence} ${words('models.error.exactly', { message })}` : sentence;
}
