import type { GeneratedToken } from './writing';

/**
 * What written tokens say as text: their bytes decoded together, since one character may be spread over several
 * tokens. Special tokens are no text; a character that is not finished at the end is left out.
 */
export function writtenText(tokens: readonly Pick<GeneratedToken, 'token'>[]): string {
  const bytes = tokens.flatMap(({ token }) => (token.special ? [] : token.bytes));
  // Asked to go on, the decoder keeps the unfinished bytes to itself.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes), { stream: true });
}
