import { StrataError, throwIfAborted, type ErrorCode } from '../core/errors';

/** How requests are made; the defaults are the browser's, tests put their own. */
export interface Transport {
  readonly fetch: typeof fetch;
  /** Sleeps; rejects with `cancelled` when the signal fires. */
  readonly wait: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** A response without a new byte for so long counts as a lost connection. */
  readonly stallMs: number;
  /** Tries in a row without one new byte before giving up. */
  readonly attempts: number;
}

export const browserTransport: Transport = {
  fetch: (input, init) => fetch(input, init),
  wait: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(done, milliseconds);
      function done(): void {
        signal?.removeEventListener('abort', cancelled);
        resolve();
      }
      function cancelled(): void {
        clearTimeout(timer);
        reject(new StrataError('cancelled', 'The download was cancelled.'));
      }
      signal?.addEventListener('abort', cancelled, { once: true });
      if (signal?.aborted) cancelled();
    }),
  stallMs: 30_000,
  attempts: 5,
};

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  410: 'not-found',
  429: 'rate-limited',
  503: 'server-busy',
};

/** Codes of failures that another try may mend. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['offline', 'rate-limited', 'server-busy', 'truncated']);

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** @returns the failure for an answer that is not a success, with how long the server asks to wait. */
export function statusError(response: Response, url: string): StrataError {
  const { status } = response;
  const code = STATUS_CODES[status] ?? 'http-error';
  const wait = retryAfter(response.headers.get('Retry-After'), Date.now());
  return new StrataError(code, `${url} answered with HTTP status ${status}.`, {
    url,
    status,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** Milliseconds until the moment of a `Retry-After` header (seconds, or a date). */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/** A request that never got an answer: no network, no such host, no permission from the other side (CORS). */
export function connectionError(cause: unknown, url: string): StrataError {
  if (cause instanceof StrataError) return cause;
  return new StrataError('offline', `${new URL(url).host} could not be reached.`, { url }, { cause });
}

/** Whether another try may help; 5xx of a gateway count, a plain refusal does not. */
export function isPassing(error: StrataError): boolean {
  const status = error.details['status'];
  return PASSING.has(error.code) || (error.code === 'http-error' && typeof status === 'number' && status >= 500);
}

/** How long to wait before try number `attempt` (from 1): doubling, or what the server asked for. */
export function backoff(attempt: number, error: StrataError): number {
  const asked = error.details['retryAfterMs'];
  const own = FIRST_WAIT_MS * 2 ** (attempt - 1);
  return Math.min(LONGEST_WAIT_MS, typeof asked === 'number' ? Math.max(asked, own) : own);
}

/**
 * Fetches a small JSON document, trying again where that may help.
 * @throws StrataError of the network, or `not-a-model-file` when the answer is no JSON (a login page, say).
 */
export async function fetchJson(
  url: string,
  init: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
  transport: Transport = browserTransport,
): Promise<{ readonly data: unknown; readonly response: Response }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchJsonOnce(url, init, transport);
    } catch (cause) {
      throwIfAborted(init.signal);
      const error = connectionError(cause, url);
      if (!isPassing(error) || attempt >= transport.attempts) throw error;
      await transport.wait(backoff(attempt, error), init.signal);
    }
  }
}

async function fetchJsonOnce(
  url: string,
  init: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
  transport: Transport,
): Promise<{ data: unknown; response: Response }> {
  const stall = AbortSignal.timeout(transport.stallMs);
  const signal = init.signal ? AbortSignal.any([init.signal, stall]) : stall;
  const response = await transport.fetch(url, { headers: init.headers ?? {}, signal });
  if (!response.ok) throw statusError(response, url);
  const text = await response.text();
  try {
    return { data: JSON.parse(text) as unknown, response };
  } catch (cause) {
    throw new StrataError('not-a-model-file', `${url} is not JSON.`, { url, found: 'other' }, { cause });
  }
}
