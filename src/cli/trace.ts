// npm run trace: the process around runTrace.
import { availableParallelism } from 'node:os';
import { importRuntime } from './node-runtime';
import { runTrace } from './run-trace';

const MAX_THREADS = 4;

/** Resolves when everything is written: the runtime's threads would keep the process, and `exit` cuts pipes short. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

void runTrace(process.argv.slice(2), {
  env: process.env,
  runtime: { threads: Math.min(MAX_THREADS, availableParallelism()), importRuntime },
  progress: { write: (text) => process.stderr.write(text), terminal: process.stderr.isTTY },
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
}).then(async (status) => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(status);
});
