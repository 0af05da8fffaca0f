import { formatToParts, type Formats, type Formatters } from 'intl-messageformat';
import type { CompiledMessage } from './compile-messages';
import type { Piece, WordKey, Words, WordValues } from './words';

/** Messages of a language by key, as `compileMessages` leaves them. */
export type Messages = Readonly<Record<string, CompiledMessage>>;

/** Where words come from at the moment they are asked for. */
export interface WordSource {
  /** BCP 47 tag by which numbers and dates are written. */
  locale(): string;
  /** @returns undefined where no catalogue at hand has the key; then the key itself is shown. */
  message(key: string): CompiledMessage | undefined;
}

class Slot {
  constructor(readonly name: string) {}
}

/** The dates that messages may ask for; numbers are `{n, number}` and take the language's own form. */
const FORMATS: Formats = { number: {}, date: { medium: { dateStyle: 'medium' } }, time: {} };

/** The formatters of one locale, each made once: making one costs far more than using it. */
function formattersOf(): Formatters {
  const made = new Map<string, unknown>();
  const once = <T>(kind: string, options: unknown, make: () => T): T => {
    const key = kind + JSON.stringify(options ?? null);
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
  return {
    getNumberFormat: (locales, options) => once('n', options, () => new Intl.NumberFormat(locales, options)),
    getDateTimeFormat: (locales, options) => once('d', options, () => new Intl.DateTimeFormat(locales, options)),
    getPluralRules: (locales, options) => once('p', options, () => new Intl.PluralRules(locales, options)),
  };
}

/**
 * Words from messages that were compiled before (ICU MessageFormat, formatted by intl-messageformat).
 * A placeholder without a value is not an error: {@link Words.pieces} cuts there, a plain message shows its name.
 */
export function createWords(source: WordSource): Words {
  const formatters = new Map<string, Formatters>();

  function cut(key: string, values: WordValues): Piece[] {
    const message = source.message(key) ?? key;
    if (typeof message === 'string') return [{ text: message }];
    const locale = source.locale();
    const own = formatters.get(locale) ?? formattersOf();
    formatters.set(locale, own);
    // The library throws where a value is missing; here every name has one, if only its own.
    const all = new Proxy(values, {
      has: () => true,
      get: (given, name: string) => (Object.hasOwn(given, name) ? given[name] : new Slot(name)),
    });
    return formatToParts<Slot>(message, locale, own, FORMATS, all).map(({ value }) =>
      value instanceof Slot ? { slot: value.name } : { text: String(value) },
    );
  }

  const fill = (key: string, values: WordValues): string =>
    cut(key, values)
      .map((piece) => ('text' in piece ? piece.text : `{${piece.slot}}`))
      .join('');

  // Not Object.assign, which would read the locale once.
  return Object.defineProperties(
    Object.assign((key: WordKey, values: WordValues = {}): string => fill(key, values), {
      locale: '',
      count: (key: WordKey, count: number, values: WordValues = {}): string => fill(key, { count, ...values }),
      pieces: (key: WordKey, values: WordValues = {}): readonly Piece[] => cut(key, values),
    }),
    { locale: { get: () => source.locale() } },
  );
}
