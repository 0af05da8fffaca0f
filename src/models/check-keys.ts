import type { Dtype, ModelFiles } from '../core/model';
import { hubFileKey } from './hub';

/**
 * Where what self-checks found of a model is kept below a runtime's name: under the repository for a model of the hub,
 * so that it goes when the model is deleted.
 */
export function checkPlace({ provenance, dtype }: Pick<ModelFiles, 'provenance' | 'dtype'>): string {
  const { source, id, revision } = provenance;
  return source === 'hub' && revision !== undefined ? hubFileKey(id, revision, dtype) : source;
}

const CHECK = /^checks\/[^/]+\/(hub\/.+)$/;

/** Of these keys, those of self-checks of a repository's model with any runtime. @param dtype Absent: of any dtype. */
export function hubCheckKeys(keys: Iterable<string>, repo: string, commit: string, dtype?: Dtype): string[] {
  const place = hubFileKey(repo, commit, dtype === undefined ? '' : `${dtype}/`);
  return [...keys].filter((key) => CHECK.exec(key)?.[1]?.startsWith(place));
}
