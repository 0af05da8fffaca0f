import type { Token } from '../../../core/fact';
import type { FigureInput } from '../../../views/figure-entry';
import { bits, percent, whole } from '../../../views/format';
import type { ExpectednessResult } from '../meta';
import type { ExpectednessSettings, Unit } from './settings';

/** A token of the prompt with its number and shade; the first one has neither. */
export interface Chip {
  readonly position: number;
  readonly token: Token;
  readonly measured?: {
    readonly number: string;
    /** [0, 1], dark = much of the unit that is shown. */
    readonly value: number;
    /** The model's own first guess there. */
    readonly top: Pick<Token, 'text' | 'special'>;
    readonly topP: number;
  };
}

/** Monospace columns of a token before it is cut short. */
export const LONGEST = 24;

/** From 8 bits on the dark end moves with the most surprising token, so that small numbers stay light. */
const LEAST_SCALE = 8;
export const darkestBits = (result: ExpectednessResult): number =>
  result.bits.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, value) : max), LEAST_SCALE);

export function scaleEnds(result: ExpectednessResult, unit: Unit): readonly [string, string] {
  return unit === 'bits' ? [whole(0), bits(darkestBits(result), 1)] : [percent(0), percent(1)];
}

export function chipsOf({ shown, settings }: FigureInput<ExpectednessSettings, ExpectednessResult>): Chip[] {
  const { result, labels, tokens } = shown;
  const max = darkestBits(result);
  return tokens.map((token, position) => {
    if (position === 0) return { position, token };
    const at = position - 1;
    const surprise = result.bits[at]!;
    const p = 2 ** -surprise;
    const top = result.topIds[at]!;
    return {
      position,
      token,
      measured: {
        ...(settings.unit === 'bits'
          ? { number: bits(surprise), value: surprise / max }
          : { number: percent(p), value: p }),
        top: labels[top] ?? { text: `⟨${top}⟩`, special: false },
        topP: result.topProbs[at]!,
      },
    };
  });
}
