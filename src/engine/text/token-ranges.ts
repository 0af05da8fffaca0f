import { SPACE_MARK } from './token-bytes';

/** One token of a text, for finding where it stands. */
export type PieceOfText =
  /** An added token that is looked for in the text as it was typed. */
  | { readonly kind: 'verbatim'; readonly content: string }
  /** UTF-8 bytes of what the normalised text has there. */
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  /** The token for what the vocabulary does not know: it says nothing of its text. */
  | { readonly kind: 'unknown' };

export type Range = readonly [start: number, end: number];

/** How a text became what its tokens stand for. */
export interface Reading {
  /** The tokenizer's normaliser; absent where the text is taken as it is. */
  readonly normalize?: ((text: string) => string) | undefined;
  /** A ▁ stands for a space, a typed one too. */
  readonly marksSpaces?: boolean;
}

const encoder = new TextEncoder();

/**
 * Character range of each token in a text. A character split over several tokens belongs to all of them; a token that
 * stands for nothing in the text (the space SentencePiece puts in front) has an empty range.
 *
 * Nothing is guessed: every byte of the text is accounted for, through the normaliser where there is one, by a token or
 * by white space that was dropped. Where that fails the ranges are not known.
 * @returns undefined when they are not known.
 */
export function tokenRanges(
  text: string,
  pieces: readonly PieceOfText[],
  reading: Reading = {},
): readonly Range[] | undefined {
  const ranges: Range[] = [];
  let at = 0;
  let between: PieceOfText[] = [];
  const closeSection = (end: number): boolean => {
    const found = sectionRanges(text.slice(at, end), between, reading);
    for (const [from, to] of found ?? []) ranges.push([from + at, to + at]);
    between = [];
    at = end;
    return found !== undefined;
  };
  for (const piece of pieces) {
    if (piece.kind !== 'verbatim') {
      between.push(piece);
      continue;
    }
    // The tokenizer takes the leftmost one too.
    const start = text.indexOf(piece.content, at);
    if (start < 0 || !closeSection(start)) return undefined;
    at = start + piece.content.length;
    ranges.push([start, at]);
  }
  return closeSection(text.length) ? ranges : undefined;
}

/** A stretch of the text and what the normaliser makes of it. */
interface Unit {
  readonly start: number;
  readonly end: number;
  readonly normalized: string;
}

function unitsAsTyped(text: string, offset = 0): Unit[] {
  let at = offset;
  return Array.from(text, (character) => {
    const unit = { start: at, end: at + character.length, normalized: character };
    at = unit.end;
    return unit;
  });
}

/** White space as Unicode and Python's tokenizers have it; JavaScript's is another set. */
const BLANK = /^\p{White_Space}*$/u;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Runs of white space, which a normaliser may shorten together; else what is read as one character. */
function stretches(text: string): { readonly start: number; readonly stretch: string }[] {
  return Array.from(text.matchAll(/\p{White_Space}+|\P{White_Space}+/gu)).flatMap((match) =>
    BLANK.test(match[0])
      ? [{ start: match.index, stretch: match[0] }]
      : Array.from(graphemes.segment(match[0]), ({ segment, index }) => ({
          start: match.index + index,
          stretch: segment,
        })),
  );
}

const GUARD = 'x';

/**
 * What the normaliser makes of each stretch of a text by itself, if put together that is what it makes of the whole
 * (but for white space at the ends).
 */
function normalizedUnits(text: string, normalize: (text: string) => string): Unit[] | undefined {
  const guard = normalize(GUARD);
  if (!guard.endsWith(GUARD)) return undefined;
  const known = new Map<string, string | undefined>();
  // Between guards, so that what belongs to the ends of a text (a space in front, spaces cut off) is not put to each.
  const alone = (stretch: string): string | undefined => {
    const result = normalize(GUARD + stretch + GUARD);
    if (!result.startsWith(guard) || !result.endsWith(GUARD) || result.length <= guard.length) return undefined;
    return result.slice(guard.length, -GUARD.length);
  };
  const units: Unit[] = [];
  for (const { start, stretch } of stretches(text)) {
    if (!known.has(stretch)) known.set(stretch, alone(stretch));
    const normalized = known.get(stretch);
    if (normalized === undefined) return undefined;
    if (normalized === stretch) units.push(...unitsAsTyped(stretch, start));
    else units.push({ start, end: start + stretch.length, normalized });
  }
  const whole = (some: string): string =>
    some.replaceAll(SPACE_MARK, ' ').replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  return whole(units.map(({ normalized }) => normalized).join('')) === whole(normalize(text)) ? units : undefined;
}

/** The normalised text byte by byte, each with the characters it comes from. */
class ByteLine {
  readonly #bytes: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #blank: boolean[] = [];

  constructor(units: readonly Unit[], marksSpaces: boolean) {
    for (const { start, end, normalized } of units) {
      for (const character of marksSpaces ? normalized.replaceAll(SPACE_MARK, ' ') : normalized) {
        const blank = BLANK.test(character);
        for (const byte of encoder.encode(character)) {
          this.#bytes.push(byte);
          this.#starts.push(start);
          this.#ends.push(end);
          this.#blank.push(blank);
        }
      }
    }
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Where `bytes` begin, at `at` or after white space from there. */
  forward(bytes: readonly number[], at: number): number | undefined {
    for (let from = at; from + bytes.length <= this.length; from++) {
      if (bytes.every((byte, index) => this.#bytes[from + index] === byte)) return from;
      if (!this.#blank[from]) return undefined;
    }
    return undefined;
  }

  /** Where `bytes` begin, if they end at `end` or before white space that ends there. */
  backward(bytes: readonly number[], end: number): number | undefined {
    for (let from = end - bytes.length; from >= 0; from--) {
      if (bytes.every((byte, index) => this.#bytes[from + index] === byte)) return from;
      if (!this.#blank[from + bytes.length - 1]) return undefined;
    }
    return undefined;
  }

  /** The place without the white space at its ends. */
  trimmed(from: number, to: number): readonly [number, number] {
    while (from < to && this.#blank[from]) from++;
    while (to > from && this.#blank[to - 1]) to--;
    return [from, to];
  }

  /** Characters of the bytes `from` to `to`. */
  characters(from: number, to: number): Range {
    if (to > from) return [this.#starts[from]!, this.#ends[to - 1]!];
    const at = this.#starts[from] ?? this.#ends.at(-1) ?? 0;
    return [at, at];
  }
}

const SPACE = 0x20;

/** SentencePiece and some byte-level tokenizers put a space before a section; it stands for nothing in the text. */
function withoutLead(pieces: readonly PieceOfText[]): readonly PieceOfText[] | undefined {
  const [first, ...rest] = pieces;
  if (first?.kind !== 'bytes' || first.bytes[0] !== SPACE) return undefined;
  return [{ kind: 'bytes', bytes: first.bytes.slice(1) }, ...rest];
}

function sectionRanges(
  section: string,
  pieces: readonly PieceOfText[],
  { normalize, marksSpaces = false }: Reading,
): Range[] | undefined {
  const bare = withoutLead(pieces);
  const among = (units: readonly Unit[] | undefined): Range[] | undefined => {
    const line = units && new ByteLine(units, marksSpaces);
    return line && (fit(line, pieces) ?? (bare && fit(line, bare)));
  };
  if (!normalize) return among(unitsAsTyped(section));
  // What an unknown token leaves open can be told from the normalised text alone.
  const bytesOnly = pieces.every((piece) => piece.kind === 'bytes');
  return (bytesOnly ? among(unitsAsTyped(section)) : undefined) ?? among(normalizedUnits(section, normalize));
}

/** One unknown token stands for what no other token accounts for; with two it would be a guess. */
function fit(line: ByteLine, pieces: readonly PieceOfText[]): Range[] | undefined {
  const places: (readonly [number, number])[] = [];
  const gap = pieces.findIndex((piece) => piece.kind === 'unknown');
  let from = 0;
  for (const piece of gap < 0 ? pieces : pieces.slice(0, gap)) {
    const start = piece.kind === 'bytes' ? line.forward(piece.bytes, from) : undefined;
    if (start === undefined || piece.kind !== 'bytes') return undefined;
    from = start + piece.bytes.length;
    places.push([start, from]);
  }
  let to = line.length;
  const after: (readonly [number, number])[] = [];
  for (const piece of gap < 0 ? [] : pieces.slice(gap + 1).reverse()) {
    const start = piece.kind === 'bytes' ? line.backward(piece.bytes, to) : undefined;
    if (start === undefined || piece.kind !== 'bytes' || start < from) return undefined;
    after.push([start, start + piece.bytes.length]);
    to = start;
  }
  const left = line.trimmed(from, to);
  const accounted = left[0] === left[1];
  if (accounted !== gap < 0) return undefined;
  const all = gap < 0 ? places : [...places, left, ...after.reverse()];
  return all.map(([start, end]) => line.characters(start, end));
}
