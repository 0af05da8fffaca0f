/** A model that belongs to the app. */
export interface BundledModel {
  readonly id: string;
  readonly name: string;
  /** Below the app's root, laid out like a hub repository, with a `files.json`. */
  readonly folder: string;
}

export const BUNDLED_MODELS: readonly BundledModel[] = [{ id: 'atlas', name: 'Atlas', folder: 'models/atlas/' }];

export const DEFAULT_MODEL = 'atlas';
