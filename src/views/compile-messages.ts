import { IntlMessageFormat } from 'intl-messageformat';

type Syntax = ReturnType<IntlMessageFormat['getAst']>;

/** A message with its syntax already read: plain text, or what intl-messageformat formats. */
export type CompiledMessage = string | Syntax;

/**
 * Reads the syntax of messages (ICU MessageFormat). Done when building, so that the page needs no parser;
 * outside a build, for tests and for what has no page.
 * @param messages a language file: texts by key.
 * @throws Error that names the key of the first message which cannot be read.
 */
export function compileMessages(messages: Readonly<Record<string, string>>): Record<string, CompiledMessage> {
  return Object.fromEntries(
    Object.entries(messages).map(([key, text]) => {
      try {
        // Our texts hold no markup; `<` is less than.
        const syntax = new IntlMessageFormat(text, 'en', undefined, { ignoreTag: true }).getAst();
        const [only] = syntax;
        return [key, syntax.length === 1 && only?.type === 0 ? only.value : syntax];
      } catch (cause) {
        throw new Error(`The message ${key} cannot be read: ${String(cause)}`, { cause });
      }
    }),
  );
}
