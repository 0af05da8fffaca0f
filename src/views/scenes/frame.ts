import { backendLabel } from '../../core/backend-label';
import type { Fact } from '../../core/fact';
import type { ModelInfo } from '../../core/model';
import { columns, shorten } from '../format';
import { PALETTE } from './palette';
import type { Picture, Scene, Shape } from './scene';

export const MARGIN = 20;
export const HEAD = 64;
const FOOT = 24;
const FOOT_LINE = 12;
/** Columns of text at 9 pixels in a pixel. */
const FOOT_COLUMNS = 1 / 5.2;

/** What stands above and below every exported figure. */
export interface Frame {
  readonly title: string;
  readonly fact: string;
  /** Model, precision, backend, version, the model file's hash. */
  readonly source: string;
}

/** A figure with its title, its fact and where it comes from. */
export function framed(frame: Frame, { width, height, shapes }: Picture): Scene {
  const wide = Math.max(width, 420) + 2 * MARGIN;
  const foot = lines(frame.source, Math.floor((wide - 2 * MARGIN) * FOOT_COLUMNS));
  const full = { width: wide, height: height + HEAD + FOOT + MARGIN + (foot.length - 1) * FOOT_LINE };
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
      ...foot.map((line, nth) => text(full.height - 12 - (foot.length - 1 - nth) * FOOT_LINE, line, PALETTE.mute, 9)),
    ],
  };
}

const DIGITS = 12;

/** Where a picture comes from, in one line; the model file's hash as far as a line has room for it, where it is known. */
export function sourceLine(info: ModelInfo, appVersion: string): string {
  const { sha256 } = info.provenance;
  const file = Object.keys(sha256).find((path) => path.endsWith('.onnx'));
  const hash = file === undefined ? [] : [`sha256 ${sha256[file]!.slice(0, DIGITS)}`];
  return [info.name, info.dtype, backendLabel(info), `Strata ${appVersion}`, ...hash].join(' · ');
}

/** The fact in one line, as it stands under a figure's title. */
export function factLine(fact: Fact | undefined): string {
  if (!fact) return '';
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
