import { plainText } from './plain-text';

/**
 * Every failure that can reach a person has one of these codes. Code that fails throws a
 * {@link StrataError}; the page turns the code and its details into words (see `app/i18n`).
 */
export const ERROR_CODES = [
  // the prompt, the answer, a link
  'empty-prompt',
  'prompt-too-long',
  'answer-not-continuation',
  'invalid-text',
  'invalid-intervention',
  'invalid-request',
  'unknown-hook',
  // fetching a model
  'offline',
  'http-error',
  'not-found',
  'unauthorized',
  'forbidden',
  'rate-limited',
  'server-busy',
  'truncated',
  'hash-mismatch',
  'not-a-model-file',
  'storage-full',
  'missing-file',
  'invalid-config',
  // understanding a model
  'malformed-model',
  'unsupported-model',
  'unknown-anatomy',
  'model-too-large',
  'tokenizer-mismatch',
  // running it
  'session-failed',
  'run-failed',
  'non-finite',
  'device-lost',
  'backend-unavailable',
  'out-of-memory',
  'deadline',
  'cancelled',
  'worker-lost',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Why a file that is sound is still none to look into: `details.reason` of `unsupported-model`, where it is known. */
export const UNSUPPORTED_REASONS = [
  'vision',
  'audio',
  'encoder-decoder',
  'vectors',
  'input',
  'fixed-length',
  'no-tokens',
  'no-logits',
  'no-vocabulary',
  'bidirectional',
  'fixed-cache',
  'operator',
  'operator-set',
  'own-operator',
  'attribute',
] as const;

export type UnsupportedReason = (typeof UNSUPPORTED_REASONS)[number];

/** What of a model is too large: `details.reason` of `model-too-large`, where it is known. */
export const TOO_LARGE_REASONS = ['nodes', 'tensor', 'state'] as const;

/** Plain facts that the words for a code may use (numbers, names); never markup. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** What crosses the worker boundary in place of an Error. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  /** One English sentence for logs, the command line and bug reports. */
  readonly message: string;
  readonly details: ErrorDetails;
}

export class StrataError extends Error {
  override readonly name = 'StrataError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, details: this.details };
  }

  static fromRecord(record: ErrorRecord): StrataError {
    return new StrataError(record.code, record.message, record.details);
  }

  /**
   * Wraps anything thrown; a StrataError passes unchanged, an AbortError becomes `cancelled`, an array there is no room
   * for `out-of-memory`.
   */
  static from(cause: unknown, code: ErrorCode = 'internal'): StrataError {
    if (cause instanceof StrataError) return cause;
    const message = plainText(cause instanceof Error ? cause.message : String(cause));
    const aborted = cause instanceof Error && cause.name === 'AbortError';
    const noRoom = cause instanceof RangeError && /alloc|array (buffer )?length/i.test(cause.message);
    return new StrataError(aborted ? 'cancelled' : noRoom ? 'out-of-memory' : code, message, {}, { cause });
  }
}

/**
 * Reason of an abort by newer work of the same kind: nobody is waiting for the old work to let go, so it may end when it
 * can. Without a reason a person said stop.
 */
export const OVERTAKEN = 'overtaken';

/** @throws StrataError `cancelled` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StrataError('cancelled', 'The work was cancelled.');
}
