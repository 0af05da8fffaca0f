import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CORES = 2;

export interface HeldProgram {
  readonly path: string;
  /** What it is held to, in words. */
  readonly cores: string;
  remove(): Promise<void>;
}

/**
 * A program that runs another on two cores, all its processes with it: what a modest laptop has. Chromium then tells
 * its pages that there are two. Only Linux can be told to; elsewhere, and where there are no more, the program itself.
 */
export async function onTwoCores(program: string): Promise<HeldProgram> {
  const asItIs = { path: program, remove: () => Promise.resolve() };
  const available = availableParallelism();
  if (available <= CORES) return { ...asItIs, cores: `${available} cores` };
  const taskset = await promisify(execFile)('taskset', ['--version']).then(
    () => true,
    () => false,
  );
  if (!taskset) return { ...asItIs, cores: `all ${available} cores: there is no taskset here` };
  const folder = await mkdtemp(join(tmpdir(), 'strata-two-cores-'));
  const path = join(folder, 'run.sh');
  await writeFile(
    path,
    `#!/bin/sh\nexec taskset --cpu-list ${await firstCores()} '${program.replaceAll("'", "'\\''")}' "$@"\n`,
  );
  await chmod(path, 0o755);
  return { path, cores: `held to ${CORES} cores`, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The first cores this process may use, which need not be 0 and 1. */
async function firstCores(): Promise<string> {
  const { stdout } = await promisify(execFile)('taskset', ['--cpu-list', '--pid', String(process.pid)]);
  const list = stdout.slice(stdout.lastIndexOf(':') + 1).trim();
  const cores = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return cores.slice(0, CORES).join();
}
