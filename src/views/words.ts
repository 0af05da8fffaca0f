import { getContext, setContext } from 'svelte';

/** Message keys; the app adds every key of its English catalogue to this interface. */
export interface Catalogue {
  readonly 'figure.asTable': string;
}

export type WordKey = keyof Catalogue;
export type WordValues = Readonly<Record<string, string | number>>;

/** A piece of a sentence: plain text, or the name of a placeholder that the page fills with something richer. */
export type Piece = { readonly text: string } | { readonly slot: string };

/** Turns keys of the catalogue into the reader's language. */
export interface Words {
  /** The message with its `{placeholders}` filled in. */
  (key: WordKey, values?: WordValues): string;
  /** The form of `key.one`, `key.other` … that this count takes; `{count}` is filled in. */
  count(key: string, count: number, values?: WordValues): string;
  /** The message cut at the placeholders for which no value is given. */
  pieces(key: WordKey, values?: WordValues): readonly Piece[];
  /** A count in the reader's digits and grouping. */
  number(value: number): string;
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
