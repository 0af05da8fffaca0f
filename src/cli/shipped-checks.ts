// Run when the app is built (.config/build/shipped-checks.ts): prints what checking its own models finds, as JSON.
import { checkBundledModels } from './model-checks';
import { runCommand } from './process';

void runCommand(async ([publicFolder = 'public'], { print }) => {
  print(JSON.stringify(await checkBundledModels(publicFolder)));
  return 0;
});
