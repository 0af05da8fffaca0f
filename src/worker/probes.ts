import type { ProbeCompute, ProbeMeta } from '../core/probe';
import type { Probe } from './deps';

/** Every folder below `probes/` that describes and computes something, by id. */
export function findProbes(): ReadonlyMap<string, Probe> {
  const metas = import.meta.glob<ProbeMeta>('../probes/*/meta.ts', { eager: true, import: 'meta' });
  const computes = import.meta.glob<ProbeCompute>('../probes/*/compute.ts', { eager: true, import: 'compute' });
  return new Map(
    Object.entries(metas).map(([path, meta]) => {
      const compute = computes[path.replace('meta.ts', 'compute.ts')];
      if (!compute) throw new Error(`${path} has no compute.ts beside it`);
      return [meta.id, { meta, compute }];
    }),
  );
}
