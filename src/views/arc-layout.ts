import type { Token } from '../core/fact';
import { columns, shorten, visible } from './format';

export interface Arc {
  readonly key: string;
  /** The position at the other end. */
  readonly other: number;
  /** The value it stands for. */
  readonly share: number;
  /** Below the tokens: the other one looks at the chosen one. */
  readonly below: boolean;
  /** SVG path. */
  readonly d: string;
  readonly width: number;
  readonly opacity: number;
}

/** Arcs and tokens of one head in pixels, tokens in a line at `tokensTop`. */
export interface ArcLayout {
  readonly width: number;
  readonly height: number;
  readonly tokensTop: number;
  readonly boxes: readonly { readonly left: number; readonly width: number; readonly text: string }[];
  readonly arcs: readonly Arc[];
}

const LIMIT = 12;
const GAP = 6;
/** Pixels of a token that can still be hit. */
const LEAST = 24;
const FAINT = 0.02;
const THICK = 9;

/** Height of a token's box. */
export const TOKEN_HEIGHT = 26;

/**
 * Above the tokens where the chosen one looks, below them who looks at it; what is hardly anything is left out.
 * @param values `[T, T]` of a head. @param max value of the thickest arc. @param column pixels of a monospace column.
 */
export function arcLayout(
  tokens: readonly Token[],
  values: Float32Array,
  max: number,
  chosen: number,
  column: number,
): ArcLayout {
  const count = tokens.length;
  let left = 4;
  const boxes = tokens.map((token) => {
    const text = shorten(visible(token.text), LIMIT);
    const box = { left, width: Math.max(LEAST, columns(text) * column + 14), text };
    left += box.width + GAP;
    return box;
  });
  const width = left + 4;
  const reach = Math.min(180, Math.max(56, width / 4));
  const middle = (position: number): number => boxes[position]!.left + boxes[position]!.width / 2;

  function path(other: number, below: boolean): string {
    const from = middle(chosen);
    const to = middle(other);
    const base = below ? reach + 32 : reach + 2;
    const rise = other === chosen ? 26 : Math.min(reach - 4, 14 + Math.abs(to - from) * 0.42);
    const peak = below ? base + rise * 1.3 : base - rise * 1.3;
    const spread = other === chosen ? 16 : 0;
    return `M${from - spread / 2},${base}C${from - spread},${peak} ${to + spread},${peak} ${to + spread / 2},${base}`;
  }
  const arcs = tokens.map((_, other): Arc => {
    const below = other > chosen;
    const share = below ? values[other * count + chosen]! : values[chosen * count + other]!;
    const part = share / max;
    return {
      key: `${below ? 'b' : 'a'}${other}`,
      other,
      share,
      below,
      d: path(other, below),
      width: Math.max(1, part * THICK),
      opacity: 0.25 + 0.75 * part,
    };
  });
  return {
    width,
    height: reach * 2 + 34,
    tokensTop: reach + 4,
    boxes,
    arcs: arcs.filter((arc) => arc.share / max >= FAINT),
  };
}
