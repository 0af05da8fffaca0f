// Run when the app is built (.config/build/shipped-checks.ts): prints what checking its own models finds, as JSON.
import { checkBundledModels } from './model-checks';

void checkBundledModels(process.argv[2] ?? 'public').then((found) => console.log(JSON.stringify(found)));
