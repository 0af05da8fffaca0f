import { oneOf, optionsOf } from '../../../core/schemas';
import { MEASURES, type Measure } from '../../../views/measures';

/** What a person sets in the figure. */
export interface EmergenceSettings {
  readonly measure: Measure;
}

export const settings = optionsOf({ measure: oneOf(MEASURES, 'p') });
