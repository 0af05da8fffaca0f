import type { ModelChoice } from '../../core/model';
import { parseHubChoice } from '../../models/choices';

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether this is the model that a link names; a link that names a branch means whichever commit of it is here. */
export function isModelOf(choice: ModelChoice, id: string): boolean {
  if (choice.id === id) return true;
  const wanted = parseHubChoice(id)?.source;
  const { source } = choice;
  if (!wanted || source.kind !== 'hub' || COMMIT.test(wanted.revision)) return false;
  return wanted.repo === source.repo && wanted.dtype === source.dtype && wanted.graph === source.graph;
}
