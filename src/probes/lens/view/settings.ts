import { flag, oneOf, optionsOf } from '../../../core/schemas';
import { SHADINGS, type Shading } from './shading';

/** What a person sets in the figure. */
export interface LensSettings {
  readonly shading: Shading;
  readonly midLayers: boolean;
}

export const settings = optionsOf({ shading: oneOf(SHADINGS, 'p'), midLayers: flag(false) });
