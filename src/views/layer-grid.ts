import type { Token } from '../core/fact';
import { columns as columnsOf, shorten, visible } from './format';

/** One row of a layer × position grid, in screen order (the output on top, the embedding at the bottom). */
export interface LayerRow {
  /** Completed layers; mid-layer rows are l + 0.5. */
  readonly depth: number;
  /** Accessible name: `Embedding`, `Layer 1` … */
  readonly name: string;
  /** What stands at the left, and what narrow screens and axes have room for. */
  readonly label: { readonly long: string; readonly short: string };
  readonly hook: string;
  /** What happens at this row, e.g. `first`, `stable`. */
  readonly marks: readonly string[];
}

export interface LayerColumn {
  readonly position: number;
  readonly token: Token;
  readonly tone: 'plain' | 'subject';
}

export interface LayerCell {
  /** The cell's top token, and its id in the vocabulary. */
  readonly id: number;
  readonly token: Pick<Token, 'text' | 'special'>;
  /** What the shade stands for, as a short number. */
  readonly number: string;
  /** Shade in [0, 1]. */
  readonly value: number;
  /** The top token is an accepted answer, or the foil. */
  readonly tone: 'plain' | 'answer' | 'foil';
}

/** Special tokens have long names that say little here. */
export const SPECIAL_LIMIT = 8;

/** A token as the grid writes it. */
export function gridText({ text, special }: Pick<Token, 'text' | 'special'>): string {
  return special ? shorten(visible(text), SPECIAL_LIMIT) : visible(text);
}

const LONGEST = 13;
/** Shorter than this a token says too little, and the grid is scrolled instead. */
const CUT = 8;
const SHORTEST = 3;

/**
 * Width of each column in monospace columns: as wide as its longest token needs, up to a limit, number included.
 * @param number Columns that the longest number takes.
 * @param fits Whether these widths fit beside one another; the longest are cut, within reason, until they do.
 */
export function columnWidths(
  rows: readonly (readonly string[])[],
  heads: readonly string[],
  number: number,
  fits: (widths: readonly number[]) => boolean = () => true,
): number[] {
  const longest = heads.map((head, column) =>
    rows.reduce((width, row) => Math.max(width, columnsOf(row[column] ?? '')), columnsOf(head) - number),
  );
  const upTo = (limit: number): number[] => longest.map((own) => Math.min(limit, Math.max(SHORTEST, own)) + number);
  for (let limit = LONGEST; limit >= CUT; limit--) if (fits(upTo(limit))) return upTo(limit);
  return upTo(LONGEST);
}

/** What a token has where columns are many, and where the window is narrow besides. */
const DENSE = 7;
const DENSEST = 5;

/**
 * Widths of the columns of a long text, of which as many as can be are wanted at once: tokens cut short, and numbers in
 * one column only. The shade says the others.
 * @param number Columns that the longest number takes. @param numbered The column that has them.
 * @param enough Whether with these widths enough of them are seen; else tokens are cut shorter.
 */
export function denseWidths(
  rows: readonly (readonly string[])[],
  heads: readonly string[],
  number: number,
  numbered: number,
  enough: (widths: readonly number[]) => boolean,
): number[] {
  const longest = heads.map((head, column) =>
    rows.reduce((width, row) => Math.max(width, columnsOf(row[column] ?? '')), Math.max(SHORTEST, columnsOf(head))),
  );
  const upTo = (limit: number): number[] =>
    longest.map((own, column) => (column === numbered ? Math.min(CUT + 1, own) + number : Math.min(limit, own)));
  for (let limit = DENSE; limit > DENSEST; limit--) if (enough(upTo(limit))) return upTo(limit);
  return upTo(DENSEST);
}

/** The columns of which all can be seen, in a window of the scrolled grid; `from` to before `to`. */
export function wholeColumns(left: readonly number[], from: number, to: number): { from: number; to: number } {
  // A pixel of a border is no loss.
  const first = left.findIndex((edge) => edge >= from - 1);
  const end = left.findLastIndex((edge) => edge <= to + 1);
  return { from: first < 0 ? left.length - 1 : first, to: Math.max(end, first) };
}

/**
 * Pixels of each column: spare room is shared out. Where they do not all fit, the last ones that do get it, so that
 * they fill the room and none is cut.
 */
export function shareOut(own: readonly number[], room: number): number[] {
  let from = own.length;
  let spare = room;
  while (from > 0 && own[from - 1]! <= spare) spare -= own[--from]!;
  const whole = own.length - from;
  // To the pixel, so that no sliver of the column before is left in sight.
  const upTo = (count: number): number => (whole > 0 ? Math.max(0, Math.floor((spare * count) / whole)) : 0);
  return own.map((value, column) => (column < from ? value : value + upTo(column - from + 1) - upTo(column - from)));
}

/** Left edges of columns in pixels, with the total as the last entry. */
export function edges(widths: readonly number[]): number[] {
  const out = [0];
  for (const width of widths) out.push(out.at(-1)! + width);
  return out;
}

const SPARE = 3;

/** Columns worth rendering for a window of the scrolled grid, plus the one that has the focus. */
export function visibleColumns(left: readonly number[], from: number, to: number, focused: number): number[] {
  const count = left.length - 1;
  const first = left.findIndex((_, index) => index < count && left[index + 1]! > from);
  if (first < 0) return [];
  let last = first;
  while (last < count - 1 && left[last + 1]! < to) last++;
  const shown = new Set<number>();
  for (let at = Math.max(0, first - SPARE); at <= Math.min(count - 1, last + SPARE); at++) shown.add(at);
  if (focused >= 0 && focused < count) shown.add(focused);
  return [...shown].sort((a, b) => a - b);
}
