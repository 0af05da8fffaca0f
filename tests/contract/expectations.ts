/** Assertions that run in any thread: in the test runner and on a page. */
export class Unmet extends Error {}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Unmet(`${what}: ${a?.slice(0, 300)} instead of ${b?.slice(0, 300)}`);
}

export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Unmet(what);
}

/** Largest absolute difference must not exceed the tolerance; NaN never passes. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  if (actual.length !== expected.length) {
    throw new Unmet(`${what}: ${actual.length} values instead of ${expected.length}`);
  }
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(difference)) throw new Unmet(`${what}: ${actual[i]} instead of ${expected[i]} at ${i}`);
    worst = Math.max(worst, difference);
  }
  if (worst > tolerance) throw new Unmet(`${what}: off by ${worst}, allowed ${tolerance}`);
}

/** The promise must reject with this error code; returns the error's details. */
export async function expectCode(promise: Promise<unknown>, code: string, what: string) {
  let outcome: unknown;
  try {
    await promise;
  } catch (error) {
    const { code: actual, details } = error as { code?: string; details?: Record<string, unknown> };
    if (actual === code) return details ?? {};
    outcome = error;
  }
  throw new Unmet(`${what}: ${outcome === undefined ? 'it succeeded' : String(outcome)} instead of ${code}`);
}
