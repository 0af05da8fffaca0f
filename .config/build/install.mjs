// Installs the packages of package-lock.json where they are not there yet, and changes nothing else.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what the lock file names. Versions are compared, not times: checking out a branch makes
 * every file new.
 * @param {string} root Folder with package-lock.json.
 */
export function isInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const there = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !there) return false;
  const same = (path) =>
    there[path].version === wanted[path]?.version && there[path].integrity === wanted[path].integrity;
  // What is optional is only there on some platforms.
  const needed = Object.entries(wanted).filter(
    ([path, { optional, devOptional }]) => path && !optional && !devOptional,
  );
  return needed.every(([path]) => there[path] !== undefined) && Object.keys(there).every(same);
}

/**
 * `npm ci` where something is missing or other than locked: it never writes package-lock.json.
 * @param {string} root Folder with package-lock.json.
 * @returns {number} 0, or the exit status of npm.
 */
export function install(root) {
  if (isInstalled(root)) return 0;
  const windows = process.platform === 'win32';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  return spawnSync(windows ? 'npm.cmd' : 'npm', args, { cwd: root, stdio: 'inherit', shell: windows }).status ?? 1;
}
