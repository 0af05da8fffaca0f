import { oneOf, optionsOf } from '../../../core/schemas';

export const UNITS = ['bits', 'p'] as const;
export type Unit = (typeof UNITS)[number];

/** What a person sets in the figure. */
export interface ExpectednessSettings {
  readonly unit: Unit;
}

export const settings = optionsOf({ unit: oneOf(UNITS, 'bits') });
