/** Numbers and tokens as the page writes them. */

const LOWEST_PERCENT = 0.01;
/** From here on one digit after the point says it. */
const TWO_DIGITS = 0.095;

/** Probability as percent with sensible digits: 93 %, 4.1 %, 0.4 %, 0.03 %, < 0.01 %. */
export function percent(probability: number): string {
  if (!Number.isFinite(probability)) return '–';
  const value = probability * 100;
  if (value === 0) return '0\u00a0%';
  if (value < LOWEST_PERCENT) return '<\u00a00.01\u00a0%';
  if (value < TWO_DIGITS) return `${value.toFixed(2)}\u00a0%`;
  if (value < 9.95) return `${trimZero(value.toFixed(1))}\u00a0%`;
  if (value >= 99.95 && value < 100) return '>\u00a099.9\u00a0%';
  return value >= 99.5 && value < 99.95 ? `${value.toFixed(1)}\u00a0%` : `${value.toFixed(0)}\u00a0%`;
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

/** Percent without its sign, for a cell: at most three characters. */
export function cellPercent(probability: number): string {
  const value = probability * 100;
  return value > 0 && value < 0.5 ? '<1' : value.toFixed(0);
}

export function bits(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)}\u00a0bits` : '∞\u00a0bits';
}

/** Bytes in decimal units, as download sizes are usually given. */
export function bytes(count: number): string {
  if (count < 1000) return `${count}\u00a0B`;
  if (count < 999_500) return `${(count / 1000).toFixed(0)}\u00a0kB`;
  if (count < 999_500_000) return `${(count / 1e6).toFixed(1)}\u00a0MB`;
  return `${(count / 1e9).toFixed(2)}\u00a0GB`;
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

/** A token's text with what cannot be seen made visible: space as ·, newline as ⏎, controls and direction marks as code points. */
export function visible(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const unseen =
      code < 0x20 ||
      (code >= 0x7f && code < 0xa0) ||
      (code >= 0x200e && code <= 0x200f) ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2060 && code <= 0x206f) ||
      (code >= 0xd800 && code <= 0xdfff);
    out += VISIBLE[character] ?? (unseen ? `⟨${code.toString(16).toUpperCase().padStart(2, '0')}⟩` : character);
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
