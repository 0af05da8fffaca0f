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
    const english = englishOf(path);
    expect(Object.keys(FILES[path]!).filter((key) => !(key in english))).toEqual([]);
  });

  it.each(others)('%s can be read, and fills what English fills', (path) => {
    const english = compileMessages(englishOf(path));
    const strange = Object.entries(compileMessages(FILES[path]!)).filter(([key, message]) => {
      const there = placeholders(english[key] ?? '');
      return [...placeholders(message)].some((name) => !there.has(name));
    });
    expect(strange.map(([key]) => key)).toEqual([]);
  });

  it.each(Object.entries(COMPLETE).flatMap(([language, rooms]) => rooms.map((room) => [language, room] as const)))(
    '%s lacks nothing in %s',
    (language, room) => {
      const english = FILES[`${room}en.json`]!;
      const own = FILES[`${room}${language}.json`] ?? {};
      expect(Object.keys(english).filter((key) => !own[key])).toEqual([]);
    },
  );
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
