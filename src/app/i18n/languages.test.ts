import { describe, expect, it } from 'vitest';
import type { CompiledMessage } from '../../views/compile-messages';
import { compileMessages } from '../../views/compile-messages';

const FILES = import.meta.glob<Record<string, string>>(
  ['./*.json', '../*/words/*.json', '../../probes/*/words/*.json'],
  { import: 'default', eager: true },
);

const languageOf = (path: string): string => /([\w-]+)\.json$/.exec(path)![1]!;
const roomOf = (path: string): string => path.replace(/[\w-]+\.json$/, '');
const englishOf = (path: string): Readonly<Record<string, string>> => FILES[`${roomOf(path)}en.json`] ?? {};

type File = Readonly<Record<string, string>>;

/** Keys of a language file that English does not have. */
const extraKeys = (file: File, english: File): string[] =>
  Object.keys(file).filter((key) => !Object.hasOwn(english, key));

/** Keys of English that a language file lacks, or has no words for. */
const missingKeys = (file: File, english: File): string[] => Object.keys(english).filter((key) => !file[key]?.trim());

/** Keys whose message fills in something that English's does not. */
function strangeKeys(file: File, english: File): string[] {
  const there = compileMessages(english);
  return Object.entries(compileMessages(file))
    .filter(([key, message]) => {
      const known = placeholders(there[key] ?? '');
      return [...placeholders(message)].some((name) => !known.has(name));
    })
    .map(([key]) => key);
}

/** Rooms that a language has wholly come to: there it lacks nothing. Elsewhere a file may be begun. */
const COMPLETE: Readonly<Record<string, readonly string[]>> = {
  zh: [
    './',
    '../../probes/lens/words/',
    '../../probes/emergence/words/',
    '../../probes/attention/words/',
    '../../probes/heads/words/',
  ],
};

/** The placeholders of a message, those within its forms included. */
function placeholders(message: CompiledMessage): Set<string> {
  const found = new Set<string>();
  const visit = (syntax: CompiledMessage): void => {
    if (typeof syntax === 'string') return;
    for (const element of syntax) {
      if (element.type === 0 || element.type === 7) continue;
      found.add(element.value);
      if (element.type === 5 || element.type === 6) {
        for (const { value } of Object.values(element.options)) visit(value);
      }
    }
  };
  visit(message);
  return found;
}

const others = Object.keys(FILES).filter((path) => languageOf(path) !== 'en');

describe('a language file', () => {
  it.each(others)('%s has no key that English lacks', (path) => {
    expect(extraKeys(FILES[path]!, englishOf(path))).toEqual([]);
  });

  it.each(others)('%s can be read, and fills what English fills', (path) => {
    expect(strangeKeys(FILES[path]!, englishOf(path))).toEqual([]);
  });

  it.each(Object.entries(COMPLETE).flatMap(([language, rooms]) => rooms.map((room) => [language, room] as const)))(
    '%s lacks nothing in %s',
    (language, room) => {
      expect(missingKeys(FILES[`${room}${language}.json`] ?? {}, FILES[`${room}en.json`]!)).toEqual([]);
    },
  );

  it.each(others)('%s would be found out, by the key', (path) => {
    const [english, own] = [englishOf(path), FILES[path]!];
    const [first] = Object.keys(own) as [string];
    const { [first]: _, ...less } = own;
    expect(missingKeys(less, english)).toContain(first);
    expect(missingKeys({ ...own, [first]: ' ' }, english)).toContain(first);
    expect(extraKeys({ ...own, 'more.than.english': 'x', toString: 'x' }, english)).toEqual([
      'more.than.english',
      'toString',
    ]);
    expect(strangeKeys({ ...own, [first]: '{nobody}' }, english)).toEqual([first]);
    expect(() => strangeKeys({ ...own, [first]: '{count, plural, one {x}' }, english)).toThrow(first);
  });
});

describe('the rooms said to be complete', () => {
  it('are rooms', () => {
    const rooms = Object.values(COMPLETE).flat();
    expect(rooms.filter((room) => FILES[`${room}en.json`] === undefined)).toEqual([]);
  });
});

describe('English', () => {
  it.each(Object.keys(FILES).filter((path) => languageOf(path) === 'en'))(
    '%s holds one thing after another',
    (path) => {
      const { [path]: messages } = FILES;
      expect(Object.entries(messages!).filter(([, text]) => text.trim() === '' || / {2}/.test(text))).toEqual([]);
    },
  );
});
