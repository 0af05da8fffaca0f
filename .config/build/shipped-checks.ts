import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODULE = 'virtual:shipped-checks';

/** In a process of its own, since the app's sources are not what a build's configuration is made of. */
async function runChecks(): Promise<string> {
  const args = ['--import', 'tsx', 'src/cli/shipped-checks.ts', 'public'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout;
}

/**
 * `virtual:shipped-checks` is what comparing the app's own models with their untouched files finds, found when the app is
 * built. While developing nothing is known, and a browser compares for itself.
 */
export function shippedChecks(): Plugin {
  let building = false;
  return {
    name: 'strata-shipped-checks',
    configResolved({ command }) {
      building = command === 'build';
    },
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    async load(id) {
      if (id !== `\0${MODULE}`) return undefined;
      return `export default ${building ? await runChecks() : '{}'}`;
    },
  };
}
