import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** What every file imports, types included; paths below src/. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** The script of a component, or all of a TypeScript file. */
const script = (path: string, text: string): string =>
  path.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code]) => code).join('\n')
    : text;

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

function readImports(folder: string): Imports {
  const named = (path: string): string => relative(folder, path).split(sep).join('/');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((path) => {
      const { importedFiles } = ts.preProcessFile(script(path, readFileSync(path, 'utf8')), true, true);
      const own = importedFiles
        .map(({ fileName }) => fileName)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => join(dirname(path), specifier))
        .flatMap((target) => [`${target}.ts`, target].find(isFile) ?? []);
      return [named(path), own.map(named)];
    }),
  );
}

/** Circles, each as the files on it, in order; of two that share a file one is enough to find both. */
function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of imports.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}

describe('imports', () => {
  it('are read from every file', () => {
    const imports = readImports(root);
    expect(imports.get('main.ts')).toContain('app/shell/App.svelte');
    expect(imports.get('app/shell/App.svelte')).toContain('app/shell/page.svelte.ts');
    const ends = [...imports.values()].flat();
    expect(ends.length).toBeGreaterThan(imports.size);
    expect(ends.filter((end) => !imports.has(end) && !/\.(json|css)$/.test(end))).toEqual([]);
  });

  it('find a circle where there is one', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', []],
      ['c', ['d']],
      ['d', ['a', 'b']],
      ['e', ['e']],
    ]);
    expect(circles(imports)).toEqual([
      ['a', 'c', 'd', 'a'],
      ['e', 'e'],
    ]);
  });

  it('go in no circle: a file can be understood from those below it', () => {
    expect(circles(readImports(root)).map((files) => files.join(' → '))).toEqual([]);
  });
});
