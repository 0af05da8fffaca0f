import { readdir } from 'node:fs/promises';
import type { ProbeMeta, ProbeRun } from '../core/probe';
import type { ProbeReport } from '../core/report';
import type { Probe } from '../worker/deps';

const FOLDER = new URL('../probes/', import.meta.url);

export interface ReportingProbe extends Probe {
  readonly report: ProbeReport;
}

/** Every folder below `probes/`, by id, as the worker finds them when the app is built. */
export async function findProbeFolders(): Promise<ReadonlyMap<string, ReportingProbe>> {
  const names = (await readdir(FOLDER, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const probes = await Promise.all(
    names.map(async ({ name }): Promise<[string, ReportingProbe]> => {
      const { meta } = (await import(new URL(`${name}/meta.ts`, FOLDER).href)) as { meta: ProbeMeta };
      const ran = (await import(new URL(`${name}/run.ts`, FOLDER).href)) as { run: ProbeRun; report: ProbeReport };
      return [meta.id, { meta, run: ran.run, report: ran.report }];
    }),
  );
  return new Map(probes.sort(([a], [b]) => a.localeCompare(b)));
}
