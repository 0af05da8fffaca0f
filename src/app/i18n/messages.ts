import type { Piece, WordKey, Words, WordValues } from '../../views/words';
import en from './en.json';

type English = typeof en;

declare module '../../views/words' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- every key of the English file is a message key
  interface Catalogue extends English {}
}

const PLACEHOLDER = /\{(\w+)\}/g;

function fill(message: string, values: WordValues): string {
  return message.replace(PLACEHOLDER, (whole, name: string) => String(values[name] ?? whole));
}

function cut(message: string, values: WordValues): Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  let end = 0;
  for (const match of message.matchAll(PLACEHOLDER)) {
    const name = match[1]!;
    text += message.slice(end, match.index);
    end = match.index + match[0].length;
    if (name in values) text += String(values[name]);
    else {
      if (text) pieces.push({ text });
      pieces.push({ slot: name });
      text = '';
    }
  }
  text += message.slice(end);
  if (text) pieces.push({ text });
  return pieces;
}

/** Words in a language; what a catalogue lacks stands in English. */
export function createWords(locale: string, catalogue: Partial<English>): Words {
  const messages: Readonly<Record<string, string>> = { ...en, ...catalogue };
  const plurals = new Intl.PluralRules(locale);
  const get = (key: WordKey, values: WordValues = {}): string => fill(messages[key] ?? key, values);
  return Object.assign(get, {
    locale,
    number: (value: number): string => value.toLocaleString(locale),
    count(key: string, count: number, values: WordValues = {}): string {
      const message = messages[`${key}.${plurals.select(count)}`] ?? messages[`${key}.other`] ?? key;
      return fill(message, { count: count.toLocaleString(locale), ...values });
    },
    pieces: (key: WordKey, values: WordValues = {}): readonly Piece[] => cut(messages[key] ?? key, values),
  });
}

export const english: Words = createWords('en', en);
