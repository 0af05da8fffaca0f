// npm run trace: the process around runTrace.
import { runCommand } from './process';
import { runTrace } from './run-trace';

void runCommand(runTrace);
