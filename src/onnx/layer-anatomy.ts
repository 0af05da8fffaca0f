import type { AttentionSites } from './attention';
import type { MlpSites } from './mlp';

/** What was recognised in one layer; a part that was not is absent. */
export interface LayerAnatomy {
  readonly attention?: AttentionSites;
  readonly mlp?: MlpSites;
}
