/** Small values kept on the device. A browser that refuses storage loses nothing but the memory of them. */
const PREFIX = 'strata:';

/** Reads a value written by {@link keep}; `parse` judges what comes back, since anything may stand there. */
export function recall<T>(key: string, parse: (value: unknown) => T | undefined, fallback: T): T {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? fallback : (parse(JSON.parse(text)) ?? fallback);
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
