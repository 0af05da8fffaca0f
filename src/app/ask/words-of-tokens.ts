import type { Token } from '../../core/fact';

/** Tokens that make one word, or one character, together. */
export interface TokenGroup {
  /** Positions `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  /** The word, where it has several pieces. */
  readonly word?: string;
  /** A character of it lies in several tokens, none of which shows it. */
  readonly split?: true;
}

const LETTER = /[\p{L}\p{N}\p{M}]/u;

/** Bytes that go on with a character begun in the token before: `10xxxxxx` in UTF-8. */
const goesOn = ({ bytes }: Token): boolean => bytes.length > 0 && (bytes[0]! & 0xc0) === 0x80;

/** Scripts without spaces between words: a token there is as good as a word. */
const isWide = (character: string): boolean =>
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(
    character,
  );

/** The bytes of several tokens as text. */
const spelled = (tokens: readonly Token[]): string =>
  new TextDecoder().decode(Uint8Array.from(tokens.flatMap(({ bytes }) => bytes)));

/** The character a token begins with, also where it ends in a later one. */
function firstOf(tokens: readonly Token[], position: number): string {
  let to = position + 1;
  while (to < tokens.length && goesOn(tokens[to]!)) to++;
  return [...spelled(tokens.slice(position, to))][0] ?? '';
}

/** Whether the token at `position` goes on with the word, or the character, that ends with the group before it. */
function joins(tokens: readonly Token[], from: number, position: number): boolean {
  const [before, token] = [tokens[position - 1]!, tokens[position]!];
  if (before.special || token.special) return false;
  if (goesOn(token)) return true;
  if (before.end !== token.start) return false;
  const ends = [...spelled(tokens.slice(from, position))].at(-1) ?? '';
  return [ends, firstOf(tokens, position)].every((one) => LETTER.test(one) && !isWide(one));
}

/** All tokens in their order, pieces of a word and parts of a character together. */
export function tokenGroups(tokens: readonly Token[]): TokenGroup[] {
  const bounds: { from: number; to: number }[] = [];
  tokens.forEach((_, position) => {
    const group = bounds.at(-1);
    if (group && joins(tokens, group.from, position)) group.to = position + 1;
    else bounds.push({ from: position, to: position + 1 });
  });
  return bounds.map(({ from, to }) => {
    const own = tokens.slice(from, to);
    if (own.length === 1) return { from, to };
    return { from, to, word: spelled(own), ...(own.some(goesOn) ? { split: true as const } : {}) };
  });
}
