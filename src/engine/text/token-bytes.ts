import type { Json } from './same-pieces';

/** U+2581, SentencePiece's space. */
export const SPACE_MARK = '▁';

/** GPT-2's table: printable bytes stand for themselves, the others for characters from U+0100 on. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table.set(String.fromCodePoint(printable ? byte : next++), byte);
  }
  return table;
})();

const encoder = new TextEncoder();

/** What of a tokenizer.json says how its tokens are to be read. */
interface Reading {
  readonly byteLevel: boolean;
  readonly byteFallback: boolean;
  /** A ▁ stands for a space. */
  readonly marksSpaces: boolean;
  /** `##` of WordPiece, before what goes on with a word. */
  readonly continuing: string | undefined;
  /** `</w>` of some BPE vocabularies, after what ends a word. */
  readonly wordEnd: string | undefined;
  /** Tokens are words, and the spaces between are not in them. */
  readonly words: boolean;
}

/** A token of the vocabulary in bytes (UTF-8). */
export interface TokenBytes {
  /** As it reads in a text that goes on: with the space before a word. */
  readonly shown: readonly number[];
  /** As it stands in the text that the model was given. */
  readonly own: readonly number[];
}

/** Reads the tokens of one vocabulary. @param tokenizerJson decides between the ways a space or a byte is written. */
export function tokenReader(tokenizerJson: Json): (token: string) => TokenBytes {
  const reading = readingOf(tokenizerJson);
  const { continuing, wordEnd } = reading;
  return (token) => {
    if (wordEnd !== undefined && token.endsWith(wordEnd)) {
      const own = bytesOf(token.slice(0, -wordEnd.length), reading);
      return { shown: [...own, SPACE], own };
    }
    if (!reading.words) return same(bytesOf(token, reading));
    if (continuing !== undefined && token.startsWith(continuing) && token.length > continuing.length)
      return same(bytesOf(token.slice(continuing.length), reading));
    const own = bytesOf(token, reading);
    return { shown: [SPACE, ...own], own };
  };
}

const SPACE = 0x20;

function same(bytes: readonly number[]): TokenBytes {
  return { shown: bytes, own: bytes };
}

function bytesOf(token: string, { byteLevel, byteFallback, marksSpaces }: Reading): number[] {
  if (byteLevel) return byteLevelBytes(token);
  if (!marksSpaces && !byteFallback) return [...encoder.encode(token)];
  return sentencePieceBytes(token, byteFallback);
}

function readingOf(tokenizerJson: Json): Reading {
  const model = tokenizerJson['model'] as Json | undefined;
  const parts = [tokenizerJson['normalizer'], tokenizerJson['pre_tokenizer'], tokenizerJson['decoder']];
  const type = model?.['type'];
  const text = (key: string): string | undefined => {
    const value = model?.[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    byteLevel: parts.slice(1).some((part) => mentions(part, 'ByteLevel')),
    byteFallback: model?.['byte_fallback'] === true || mentions(parts[2], 'ByteFallback'),
    marksSpaces:
      type === 'Unigram' ||
      JSON.stringify(parts).includes(SPACE_MARK) ||
      parts.some((part) => mentions(part, 'Metaspace')),
    continuing: type === 'WordPiece' ? text('continuing_subword_prefix') : undefined,
    wordEnd: type === 'BPE' ? text('end_of_word_suffix') : undefined,
    words: type === 'WordPiece' || type === 'WordLevel',
  };
}

/** True when a component of this type is anywhere in a part of tokenizer.json. */
function mentions(part: unknown, type: string): boolean {
  if (Array.isArray(part)) return part.some((inner) => mentions(inner, type));
  if (typeof part !== 'object' || part === null) return false;
  return (part as Json)['type'] === type || Object.values(part).some((inner) => mentions(inner, type));
}

/** UTF-8 bytes of a token of a byte-level vocabulary (`Ġis` is " is"). */
export function byteLevelBytes(token: string): number[] {
  return Array.from(token).flatMap((character) => {
    const byte = BYTE_OF_CHARACTER.get(character);
    return byte === undefined ? [...encoder.encode(character)] : [byte];
  });
}

/** UTF-8 bytes of a token of a SentencePiece vocabulary (`▁is` is " is", `<0xE6>` one byte where there is fallback). */
export function sentencePieceBytes(token: string, byteFallback = true): number[] {
  const byte = byteFallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token) : undefined;
  if (byte?.[1]) return [Number.parseInt(byte[1], 16)];
  return [...encoder.encode(token.replaceAll(SPACE_MARK, ' '))];
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The character that begins at `at`, and how many bytes it takes; undefined when there is none. */
function characterAt(bytes: readonly number[], at: number): { text: string; length: number } | undefined {
  const first = bytes[at]!;
  if (first < 0x80) return { text: String.fromCharCode(first), length: 1 };
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + length > bytes.length) return undefined;
  try {
    return { text: strict.decode(Uint8Array.from(bytes.slice(at, at + length))), length };
  } catch {
    return undefined;
  }
}

/** Text for bytes; those that are no complete character are shown in brackets, e.g. `⟨E6⟩`. */
export function visibleText(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    text += character?.text ?? `⟨${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}⟩`;
    at += character?.length ?? 1;
  }
  return text;
}
