/**
 * A path below a folder in its shortest form, with forward slashes: `./a`, `b/../a` and `.\\a` are all `a`.
 * @returns undefined for one that leads out of the folder, and for an absolute one.
 */
export function shortestPath(path: string): string | undefined {
  const slashed = path.replaceAll('\\', '/');
  if (slashed.startsWith('/') || /^[A-Za-z]:/.test(slashed)) return undefined;
  const parts: string[] = [];
  for (const part of slashed.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
