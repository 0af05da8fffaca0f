import { readerLocale } from './locale';

/** Numbers and tokens as the page writes them; numbers in the reader's language ({@link readerLocale}). */

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = readerLocale();
  const key = locale + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

const NO_BREAK = '\u00a0';

/** A number with exactly so many digits after the point, rounded as `toFixed` does; thousands ungrouped. */
export function fixed(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return numberFormat(options).format(Number(value.toFixed(digits)));
}

/** A whole number, its thousands grouped. */
export function whole(value: number): string {
  return numberFormat({ maximumFractionDigits: 0 }).format(value);
}

/** A number with so many significant digits. */
export function significant(value: number, digits: number): string {
  return numberFormat({ minimumSignificantDigits: digits, maximumSignificantDigits: digits }).format(value);
}

/** A number on an axis: as it is. */
export function tick(value: number): string {
  return numberFormat({ maximumSignificantDigits: 6 }).format(value);
}

/** English sets its per cent sign off, as its units; other languages have their own habit. */
function percentSign(value: number, digits: number): string {
  const options = { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  const parts = numberFormat(options).formatToParts(Number(value.toFixed(digits)) / 100);
  const apart = readerLocale().startsWith('en') ? NO_BREAK : '';
  return parts.map(({ type, value: text }) => (type === 'percentSign' ? apart + text : text)).join('');
}

const LOWEST_PERCENT = 0.01;
/** From here on one digit after the point says it. */
const TWO_DIGITS = 0.095;

/** Probability as percent with sensible digits: 93 %, 4.1 %, 0.4 %, 0.03 %, < 0.01 %. */
export function percent(probability: number): string {
  if (!Number.isFinite(probability)) return '–';
  const value = probability * 100;
  if (value === 0) return percentSign(0, 0);
  if (value < LOWEST_PERCENT) return `<${NO_BREAK}${percentSign(LOWEST_PERCENT, 2)}`;
  if (value < TWO_DIGITS) return percentSign(value, 2);
  if (value < 9.95) return percentSign(value, value.toFixed(1).endsWith('.0') ? 0 : 1);
  if (value >= 99.95 && value < 100) return `>${NO_BREAK}${percentSign(99.9, 1)}`;
  return percentSign(value, value >= 99.5 && value < 99.95 ? 1 : 0);
}

/** A per cent value on an axis, where room is scarce: two significant digits at most, the sign close to them. */
export function tickPercent(probability: number): string {
  return numberFormat({ style: 'percent', maximumSignificantDigits: 2 }).format(probability);
}

/** Percent without its sign, for a cell: at most three characters; 0 and 100 are what they say. */
export function cellPercent(probability: number): string {
  const value = probability * 100;
  if (value >= 99.5 && value < 100) return `>${fixed(99, 0)}`;
  return value > 0 && value < 0.5 ? `<${fixed(1, 0)}` : fixed(value, 0);
}

/** A number and its unit as the language writes them, never broken between the two. */
function measured(value: number, digits: number, unit: string, unitDisplay: 'long' | 'narrow'): string {
  const options = { style: 'unit', unit, unitDisplay, minimumFractionDigits: digits, maximumFractionDigits: digits };
  const parts = numberFormat({ ...options, useGrouping: false } as Intl.NumberFormatOptions).formatToParts(
    Number.isFinite(value) ? Number(value.toFixed(digits)) : value,
  );
  const text = (unitPart: boolean): string =>
    parts
      .filter(({ type }) => type !== 'literal' && (type === 'unit') === unitPart)
      .map((part) => part.value)
      .join('');
  return `${text(false)}${NO_BREAK}${text(true)}`;
}

export function bits(value: number, digits = value < 10 ? 2 : 1): string {
  return measured(Number.isFinite(value) ? value : Infinity, digits, 'bit', 'long');
}

/** Bytes in decimal units, as download sizes are usually given. */
export function bytes(count: number): string {
  if (count < 1000) return measured(count, 0, 'byte', 'narrow');
  if (count < 999_500) return measured(count / 1000, 0, 'kilobyte', 'narrow');
  if (count < 999_500_000) return measured(count / 1e6, 1, 'megabyte', 'narrow');
  return measured(count / 1e9, 2, 'gigabyte', 'narrow');
}

/** An estimate of bytes, as coarse as it is: tens of megabytes, tenths of a gigabyte. */
export function roughBytes(count: number): string {
  return count < 995e6
    ? measured(Math.round(count / 1e7) * 10, 0, 'megabyte', 'narrow')
    : measured(count / 1e9, 1, 'gigabyte', 'narrow');
}

const VISIBLE: Readonly<Record<string, string>> = {
  ' ': '·',
  '\n': '⏎',
  '\r': '␍',
  '\t': '⇥',
  '\u00a0': '⍽',
  '\u200b': '⟨200B⟩',
  '\u200c': '⟨200C⟩',
  '\u200d': '⟨200D⟩',
  '\ufeff': '⟨FEFF⟩',
};

/** What leaves no ink: controls, marks of format and direction, spaces of every width, fillers, half a character. */
const UNSEEN = /^[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]$/u;

/** A token's text with what cannot be seen made visible: space as ·, newline as ⏎, all else by its code point. */
export function visible(text: string): string {
  let out = '';
  for (const character of text) {
    const code = (): string => character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0');
    out += VISIBLE[character] ?? (UNSEEN.test(character) ? `⟨${code()}⟩` : character);
  }
  return out;
}

/** Width of a text in monospace columns; East Asian wide characters and emoji take two. */
export function columns(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff);
    const none = code >= 0x300 && code <= 0x36f;
    width += none ? 0 : wide ? 2 : 1;
  }
  return width;
}

/** At most `limit` monospace columns, with an ellipsis where something was cut. */
export function shorten(text: string, limit: number): string {
  if (columns(text) <= limit) return text;
  let out = '';
  for (const character of text) {
    if (columns(out + character) > limit - 1) break;
    out += character;
  }
  return `${out}…`;
}

const LONGEST_QUOTE = 60;

/** A text in a sentence about it: on one line, short, spaces as they are and what else cannot be seen made visible. */
export function quote(text: string, limit = LONGEST_QUOTE): string {
  return shorten(text.trim().split(/\s+/).map(visible).join(' '), limit);
}
