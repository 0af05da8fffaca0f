import type { ProbeMeta } from '../../core/probe';
import type { FigureEntry } from '../../views/figure-entry';

/** A probe as the page knows it before it is shown. */
export interface RegisteredFigure {
  readonly meta: ProbeMeta;
  readonly entry: FigureEntry<unknown, unknown, unknown>;
}

/** Every folder below `probes/`, in the order of the page. That each holds all its files is checked when the app is built. */
export function findFigures(): readonly RegisteredFigure[] {
  const metas = import.meta.glob<ProbeMeta>('../../probes/*/meta.ts', { eager: true, import: 'meta' });
  const entries = import.meta.glob<RegisteredFigure['entry']>('../../probes/*/figure.ts', {
    eager: true,
    import: 'figure',
  });
  return Object.entries(metas)
    .map(([path, meta]) => ({ meta, entry: entries[path.replace('meta.ts', 'figure.ts')]! }))
    .sort((a, b) => a.entry.order - b.entry.order);
}
