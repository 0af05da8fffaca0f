// What git says of the checkout, so that a command can be held to leaving it as it was.
import { spawnSync } from 'node:child_process';

/**
 * Every file that is not as committed, ignored ones aside, with what it is now.
 * @param {string} root
 * @returns {Map<string, string> | undefined} State and content's id by path; undefined where there is no checkout.
 */
export function checkoutState(root) {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const said = git('status', '--porcelain', '-z', '--no-renames', '--untracked-files=all');
  if (said.error || said.status !== 0) return undefined;
  const lines = said.stdout.split('\0').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const path = line.slice(3);
      // Of a file that is gone there is no content.
      return [path, `${line.slice(0, 2)} ${git('hash-object', '--', path).stdout.trim()}`];
    }),
  );
}

/** Paths that are not in the same state. @param {Map<string, string>} before @param {Map<string, string>} after */
export function changedPaths(before, after) {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .sort();
}
