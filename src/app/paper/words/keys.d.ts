import type english from './en.json';

type English = typeof english;

declare module '../../../views/words' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- every key of the English file is a message key
  interface Catalogue extends English {}
}
