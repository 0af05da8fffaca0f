import type { ModelFiles, ModelSource } from '../core/model';
import { openBundled } from './bundled';
import type { SourceOptions } from './download-all';
import { openFolder } from './folder';
import { openHub } from './hub';

export interface OpenOptions extends SourceOptions {
  /** The app's root URL. */
  readonly root: URL;
  /** Kept in memory only, sent to the hub alone. */
  readonly hubToken?: string | undefined;
  /** Another hub, for mirrors and tests. */
  readonly hubBase?: string | undefined;
}

/** A model's files, in memory, from wherever they are. Every failure is a StrataError. */
export async function openModel(source: ModelSource, options: OpenOptions): Promise<ModelFiles> {
  switch (source.kind) {
    case 'bundled':
      return openBundled(source, options.root, options);
    case 'hub':
      return openHub(source, {
        ...options,
        ...(options.hubBase === undefined ? {} : { base: options.hubBase }),
        token: options.hubToken,
      });
    case 'folder':
      return openFolder(source, options);
  }
}
