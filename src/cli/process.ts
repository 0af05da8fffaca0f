import { availableParallelism } from 'node:os';
import { importRuntime } from './node-runtime';
import type { TraceEnvironment } from './run-trace';

const MAX_THREADS = 4;

/** Resolves when everything is written: the runtime's threads would keep the process, and `exit` cuts pipes short. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** Runs a command in this process and ends it with the command's status. */
export async function runCommand(
  command: (argv: readonly string[], environment: TraceEnvironment) => Promise<number>,
): Promise<never> {
  const status = await command(process.argv.slice(2), {
    env: process.env,
    runtime: { threads: Math.min(MAX_THREADS, availableParallelism()), importRuntime },
    progress: { write: (text) => process.stderr.write(text), terminal: process.stderr.isTTY },
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(status);
}
