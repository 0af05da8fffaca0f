import type { ProbeMeta, ProbeRun } from '../core/probe';
import type { Probe } from './deps';

/** Every folder below `probes/`, by id. That each holds all its files is checked when the app is built. */
export function findProbes(): ReadonlyMap<string, Probe> {
  const metas = import.meta.glob<ProbeMeta>('../probes/*/meta.ts', { eager: true, import: 'meta' });
  const runs = import.meta.glob<ProbeRun>('../probes/*/run.ts', { eager: true, import: 'run' });
  return new Map(
    Object.entries(metas).map(([path, meta]) => [meta.id, { meta, run: runs[path.replace('meta.ts', 'run.ts')]! }]),
  );
}
