/** A repository that was meant, or why what was typed means none. */
export type HubAddress =
  | { readonly kind: 'repository'; readonly repo: string; readonly revision: string }
  /** `repo`: what on the hub itself would have that name. */
  | { readonly kind: 'other-host'; readonly host: string; readonly repo: string | undefined }
  | { readonly kind: 'dataset' | 'space' | 'no-model' | 'nothing' };

/** Kinds that are something, but no model of the hub; the words are `models.error.hub.…`. */
export const NO_ADDRESSES = ['other-host', 'dataset', 'space', 'no-model'] as const;
