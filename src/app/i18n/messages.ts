import { createWords, type Messages } from '../../views/create-words';
import type { Words } from '../../views/words';

const FILES = import.meta.glob<Messages>(['./en.json', '../*/words/en.json', '../../probes/*/words/en.json'], {
  query: '?messages',
  import: 'default',
  eager: true,
});
const messages: Messages = Object.assign({}, ...Object.values(FILES));

/** English, all of it at once: for tests. The page fetches its words room by room (`Catalogues`). */
export const english: Words = createWords({ locale: () => 'en', message: (key) => messages[key] });
