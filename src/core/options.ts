import { StrataError } from './errors';

function fail(name: string, expected: string): never {
  throw new StrataError('invalid-request', `The option "${name}" must be ${expected}.`, { option: name });
}

/** Reads a probe's options from untrusted data, one by one, each with its default. */
export class OptionReader {
  readonly #record: Readonly<Record<string, unknown>>;

  /** @throws StrataError `invalid-request` when the value is neither absent nor a plain object. */
  constructor(value: unknown) {
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      fail('options', 'an object');
    }
    this.#record = (value ?? {}) as Record<string, unknown>;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#record[name] ?? fallback;
    return typeof value === 'boolean' ? value : fail(name, 'true or false');
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.#record[name] ?? fallback;
    return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : fail(name, `a whole number from ${min} to ${max}`);
  }

  /** A number or one given word. */
  integerOr<W extends string>(name: string, word: W, fallback: number | W): number | W {
    const value = this.#record[name] ?? fallback;
    return value === word || Number.isInteger(value)
      ? (value as number | W)
      : fail(name, `a whole number or "${word}"`);
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const value = this.#record[name] ?? fallback;
    return typeof value === 'number' && value >= min && value <= max
      ? value
      : fail(name, `a number from ${min} to ${max}`);
  }

  strings(name: string, maxItems: number): readonly string[] {
    const value = this.#record[name] ?? [];
    const good = Array.isArray(value) && value.length <= maxItems && value.every((item) => typeof item === 'string');
    return good ? (value as string[]) : fail(name, `a list of at most ${maxItems} texts`);
  }
}
