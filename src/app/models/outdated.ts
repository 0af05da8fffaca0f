import type { ErrorCode, ErrorRecord } from '../../core/errors';

/** What a file of the app may turn out to be when the server has those of another version. */
const OTHER_FILES: ReadonlySet<ErrorCode> = new Set(['hash-mismatch', 'not-found', 'not-a-model-file', 'truncated']);

/** Whether the app's own files are not those that this version of it knows: a new one may be there. */
export function mayBeOutdated({ code, details }: ErrorRecord): boolean {
  return details['own'] === true && OTHER_FILES.has(code);
}
