import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { StrataError } from '../core/errors';
import type { ProbeMeta, ProbeRun } from '../core/probe';
import type { ProbeReport } from '../core/report';
import type { Probe } from '../worker/deps';

const FOLDER = new URL('../probes/', import.meta.url);

export interface ReportingProbe extends Probe {
  readonly report: ProbeReport;
}

/** What a probe's module exports under a name. */
async function exported(name: string, file: string, what: string, folder: URL): Promise<unknown> {
  const path = new URL(`${name}/${file}`, folder);
  const found = existsSync(path) ? ((await import(path.href)) as Record<string, unknown>)[what] : undefined;
  if (found !== undefined) return found;
  const message = `The probe src/probes/${name}/ has no ${file} that exports ${what}. See ARCHITECTURE.md, "Add a probe".`;
  throw new StrataError('invalid-request', message, { probe: name });
}

/**
 * Every folder below `probes/`, by id, as the worker finds them when the app is built.
 * @throws StrataError `invalid-request` naming a folder that lacks what the command line needs.
 */
export async function findProbeFolders(folder = FOLDER): Promise<ReadonlyMap<string, ReportingProbe>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const probes = await Promise.all(
    names.map(async ({ name }): Promise<[string, ReportingProbe]> => {
      const meta = (await exported(name, 'meta.ts', 'meta', folder)) as ProbeMeta;
      const run = (await exported(name, 'run.ts', 'run', folder)) as ProbeRun;
      const report = (await exported(name, 'run.ts', 'report', folder)) as ProbeReport;
      return [meta.id, { meta, run, report }];
    }),
  );
  return new Map(probes.sort(([a], [b]) => a.localeCompare(b)));
}
