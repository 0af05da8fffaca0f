import type { PreparedFact } from '../../core/fact';
import { columns, shorten } from '../../views/format';
import { PALETTE } from './palette';
import type { Scene, Shape } from './scene';

export const MARGIN = 20;
export const HEAD = 64;
const FOOT = 24;

/** What stands above and below every exported figure. */
export interface Frame {
  readonly title: string;
  readonly fact: string;
  /** Model, precision, backend, version: one line. */
  readonly source: string;
}

/** A figure with its title, its fact and where it comes from. */
export function framed(frame: Frame, width: number, height: number, shapes: readonly Shape[]): Scene {
  const full = { width: Math.max(width, 420) + 2 * MARGIN, height: height + HEAD + FOOT + MARGIN };
  const text = (y: number, content: string, fill: string, size: number, bold = false): Shape => ({
    kind: 'text',
    x: MARGIN,
    y,
    text: content,
    fill,
    size,
    bold,
  });
  return {
    ...full,
    background: PALETTE.paper,
    shapes: [
      text(28, frame.title, PALETTE.ink, 15, true),
      text(48, shorten(frame.fact, Math.floor(full.width / 7)), PALETTE.mute, 12),
      ...shapes,
      text(full.height - 12, frame.source, PALETTE.mute, 9),
    ],
  };
}

/** The fact in one line, as it stands under a figure's title. */
export function factLine(prepared: PreparedFact | undefined): string {
  if (!prepared) return '';
  const { fact } = prepared;
  const answers = fact.answers.length > 0 ? ` → ${fact.answers.join(' | ')}` : '';
  return fact.prompt.replace(/\s+/g, ' ') + answers + (fact.foil ? ` (foil: ${fact.foil})` : '');
}

/** A text in lines of at most `limit` monospace columns, broken at plain spaces; a longer word is broken anywhere. */
export function lines(text: string, limit: number): string[] {
  const out: string[] = [];
  let line = '';
  const put = (piece: string): void => {
    if (line !== '' && columns(line + piece.trimEnd()) > limit) {
      out.push(line.trimEnd());
      line = '';
    }
    line += piece;
  };
  for (const word of text.match(/[^ \t\r\n]+[ \t\r\n]*|[ \t\r\n]+/g) ?? []) {
    if (columns(word) <= limit) put(word.replace(/[ \t\r\n]+$/, ' '));
    else for (const character of word) put(character);
  }
  if (line.trim() !== '') out.push(line.trimEnd());
  return out;
}
