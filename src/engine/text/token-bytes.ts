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

/** UTF-8 bytes of a token of a byte-level vocabulary (`Ġis` is " is"). */
export function byteLevelBytes(token: string): number[] {
  return Array.from(token).flatMap((character) => {
    const byte = BYTE_OF_CHARACTER.get(character);
    return byte === undefined ? [...encoder.encode(character)] : [byte];
  });
}

/** UTF-8 bytes of a token of a SentencePiece vocabulary (`▁is` is " is", `<0xE6>` one byte). */
export function sentencePieceBytes(token: string): number[] {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  if (byte?.[1]) return [Number.parseInt(byte[1], 16)];
  return [...encoder.encode(token.replaceAll('▁', ' '))];
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

/**
 * Character range of each piece in a text, from the pieces' bytes. A character split over several pieces belongs to
 * all of them. Undefined when the pieces are not the text's bytes (a normaliser changed it).
 */
export function rangesInText(text: string, pieces: readonly (readonly number[])[]): [number, number][] | undefined {
  const starts: number[] = [];
  const ends: number[] = [];
  const expected: number[] = [];
  let unit = 0;
  for (const character of text) {
    for (const byte of encoder.encode(character)) {
      expected.push(byte);
      starts.push(unit);
      ends.push(unit + character.length);
    }
    unit += character.length;
  }
  const given = pieces.flat();
  // SentencePiece puts a space before the first word.
  const lead = given.length === expected.length + 1 && given[0] === 0x20 ? 1 : 0;
  if (given.length !== expected.length + lead) return undefined;
  if (!expected.every((byte, index) => given[index + lead] === byte)) return undefined;
  let at = -lead;
  return pieces.map((piece) => {
    const first = Math.max(at, 0);
    at += piece.length;
    return at <= first ? [starts[first] ?? text.length, starts[first] ?? text.length] : [starts[first]!, ends[at - 1]!];
  });
}
