import { getContext, setContext } from 'svelte';

/** Message keys. Every English catalogue adds its own (`words/keys.d.ts` beside it), so that a key is checked when compiling. */
export interface Catalogue {
  readonly 'figure.asTable': string;
}

export type WordKey = keyof Catalogue;
export type WordValues = Readonly<Record<string, string | number | Date>>;

/** A piece of a sentence: plain text, or the name of a placeholder that the page fills with something richer. */
export type Piece = { readonly text: string } | { readonly slot: string };

/** Turns keys of the catalogue into the reader's language. Read inside a template or `$derived`, it follows the language. */
export interface Words {
  /** The message with its `{placeholders}` filled in. */
  (key: WordKey, values?: WordValues): string;
  /** A message whose form depends on a number, which it calls `count`. */
  count(key: WordKey, count: number, values?: WordValues): string;
  /** The message cut at the placeholders for which no value is given. */
  pieces(key: WordKey, values?: WordValues): readonly Piece[];
  /** BCP 47 tag for numbers and dates. */
  readonly locale: string;
}

const KEY = Symbol('words');

export function provideWords(words: Words): void {
  setContext(KEY, words);
}

/** @throws Error outside a tree that called {@link provideWords}. */
export function useWords(): Words {
  const words = getContext<Words | undefined>(KEY);
  if (!words) throw new Error('No words were provided above this component.');
  return words;
}
