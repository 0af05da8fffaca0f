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

/** Length of the valid UTF-8 sequence at `at`; 0 when there is none. */
function sequenceLength(bytes: readonly number[], at: number): number {
  const first = bytes[at]!;
  const length =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes.slice(at, at + length)));
    return length;
  } catch {
    return 0;
  }
}

/** Text for bytes; those that are no complete character are shown in brackets, e.g. `⟨E6⟩`. */
export function visibleText(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += `⟨${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}⟩`;
      at++;
    } else {
      text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.slice(at, at + length)));
      at += length;
    }
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
