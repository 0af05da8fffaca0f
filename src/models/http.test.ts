import { StrataError } from '../core/errors';
import { backoff, browserTransport, isPassing, retryAfter, statusError } from './http';

describe('retry', () => {
  it('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(retryAfter('3', now)).toBe(3000);
    expect(retryAfter('Thu, 01 Jan 2026 00:00:10 GMT', now)).toBe(10_000);
    expect(retryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(retryAfter('soon', now)).toBeUndefined();
    expect(retryAfter(null, now)).toBeUndefined();
  });

  it('doubles, honours what the server asks, and never waits longer than half a minute', () => {
    const busy = new StrataError('server-busy', 'busy');
    expect([1, 2, 3, 4].map((attempt) => backoff(attempt, busy))).toEqual([500, 1000, 2000, 4000]);
    expect(backoff(20, busy)).toBe(30_000);
    expect(backoff(1, new StrataError('rate-limited', 'slow', { retryAfterMs: 7000 }))).toBe(7000);
    expect(backoff(1, new StrataError('rate-limited', 'slow', { retryAfterMs: 3_600_000 }))).toBe(30_000);
  });

  it('tries again only where that may help', () => {
    const passing = (status: number): boolean => isPassing(statusError(new Response(null, { status }), 'https://x/'));
    expect([429, 500, 502, 503, 504].map(passing)).toEqual([true, true, true, true, true]);
    expect([400, 401, 403, 404, 416].map(passing)).toEqual([false, false, false, false, false]);
  });

  it('stops waiting when cancelled', async () => {
    const controller = new AbortController();
    const waiting = browserTransport.wait(60_000, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(browserTransport.wait(60_000, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
