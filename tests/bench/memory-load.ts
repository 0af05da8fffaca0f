// One load of the model folder given, in a process of its own; prints its memory as JSON (tests/bench/memory.ts).
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { importRuntime } from '../../src/cli/node-runtime';
import { openFolder } from '../../src/cli/open-folder';
import { createEngine } from '../../src/engine/create-engine';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder of a model.');

/** Largest resident set so far. Not `resourceUsage().maxRSS`: that begins with what the parent process held. */
function peakBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function measure(path: string): Promise<void> {
  const before = peakBytes();
  const files = await openFolder(path, 'fp32');
  const engine = await createEngine(files, { threads: Math.min(2, availableParallelism()), importRuntime });
  const loaded = peakBytes();
  await engine.trace({ tokens: [1, 2, 3, 4], interventions: [], captures: ['logits'] });
  console.log(JSON.stringify({ before, loaded, afterRun: peakBytes() }));
  await engine.dispose();
}

void measure(folder);
