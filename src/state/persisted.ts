import * as v from 'valibot';

/** Small values kept on the device. A browser that refuses storage loses nothing but the memory of them. */
const PREFIX = 'strata:';

/** Reads a value written by {@link keep}; the schema judges what comes back, since anything may stand there. */
export function recall<T>(key: string, schema: v.GenericSchema<unknown, T>, fallback: T): T {
  try {
    const text = localStorage.getItem(PREFIX + key);
    if (text === null) return fallback;
    const read = v.safeParse(schema, JSON.parse(text));
    return read.success ? read.output : fallback;
  } catch {
    return fallback;
  }
}

/** False when the browser would not store it. */
export function keep(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was stored then either.
  }
}
