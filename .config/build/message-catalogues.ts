import type { Plugin } from 'vite';
import { compileMessages } from '../../src/views/compile-messages.ts';

const QUERY = '.json?messages';

/** `en.json?messages` is a language file with its syntax already read, so that the page ships no parser. */
export function messageCatalogues(): Plugin {
  return {
    name: 'strata-message-catalogues',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith(QUERY)) return undefined;
      try {
        const messages = JSON.stringify(compileMessages(JSON.parse(code) as Record<string, string>));
        return { code: `export default ${messages}`, moduleType: 'js', map: null };
      } catch (cause) {
        return this.error(`${id}: ${String(cause)}`);
      }
    },
  };
}

/** The formatter's own module without its parser; it has the same exports, and refuses to read syntax. */
export const NO_PARSER = {
  find: /^@formatjs\/icu-messageformat-parser$/,
  replacement: '@formatjs/icu-messageformat-parser/no-parser.js',
};
