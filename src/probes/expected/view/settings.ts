import { flag, optionsOf } from '../../../core/schemas';

/** What a person sets: the prompt's tokens are coloured. */
export interface ExpectedSettings {
  readonly on: boolean;
}

export const settings = optionsOf({ on: flag(false) });
