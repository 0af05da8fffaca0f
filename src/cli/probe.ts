// npm run probe: the process around runProbes.
import { runCommand } from './process';
import { runProbes } from './run-probes';

void runCommand(runProbes);
