import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createLogger, resolveConfig } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { incompleteProbes, probeFolders } from '../../.config/build/probe-folders.ts';
import { findProbeFolders } from '../../src/cli/probe-folders.ts';

const PROBES = fileURLToPath(new URL('../../src/probes', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/probes', import.meta.url));

let root: string;
let probes: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'strata-folders-'));
  probes = join(root, 'src/probes');
  await cp(join(FIXTURES, 'active'), join(probes, 'active'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const lacks = (what: string): string =>
  `The probe src/probes/active/ lacks ${what}. See ARCHITECTURE.md, "Add a probe".`;

describe('a folder of a probe', () => {
  it('is complete: those of the app, and those of the fixtures', () => {
    expect(incompleteProbes(PROBES)).toEqual([]);
    expect(incompleteProbes(probes)).toEqual([]);
  });

  it.each([
    'meta.ts',
    'run.ts',
    'figure.ts',
    'View.svelte',
    'view/document.ts',
    'words/en.json',
    'words/keys.d.ts',
    'help/en.md',
  ])('without %s stops the build with a sentence', async (file) => {
    await rm(join(probes, 'active', file));
    expect(incompleteProbes(probes)).toEqual([lacks(file)]);
    const building = build({ root, configFile: false, logLevel: 'silent', plugins: [probeFolders()] });
    await expect(building).rejects.toThrow(lacks(file));
  });

  it('that is being written is only said while developing', async () => {
    await rm(join(probes, 'active/figure.ts'));
    const warnings: string[] = [];
    const logger = { ...createLogger('silent'), warn: (message: string) => void warnings.push(message) };
    await resolveConfig({ root, configFile: false, customLogger: logger, plugins: [probeFolders()] }, 'serve');
    expect(warnings).toEqual([lacks('figure.ts')]);
  });

  it('may do without a picture where its figure has no place', async () => {
    const figure = join(probes, 'active/figure.ts');
    await rm(join(probes, 'active/View.svelte'));
    await writeFile(figure, "export const figure = {\n  order: 1,\n  place: 'none',\n};\n");
    expect(incompleteProbes(probes)).toEqual([]);
  });

  it('is called as its id says', async () => {
    await cp(join(probes, 'active'), join(probes, 'other'), { recursive: true });
    expect(incompleteProbes(probes)).toEqual([
      'The probe src/probes/other/ has another id than its folder: its meta.ts must say id: \'other\'. See ARCHITECTURE.md, "Add a probe".',
    ]);
  });

  it('that is empty is named, not passed over', async () => {
    await rm(join(probes, 'active'), { recursive: true });
    await cp(join(FIXTURES, 'active/help'), join(probes, 'active/notes'), { recursive: true });
    expect(incompleteProbes(probes)[0]).toMatch(/active\/ lacks meta\.ts, run\.ts, figure\.ts, view\/document\.ts/);
  });

  it.each([
    ['meta.ts', 'export {};\n', 'meta.ts that exports meta'],
    ['run.ts', 'export const run = 1;\n', 'run.ts that exports report'],
  ])('is refused by the command line when its %s exports too little', async (file, text, what) => {
    await writeFile(join(probes, 'active', file), text);
    if (file === 'run.ts') await writeFile(join(probes, 'active/meta.ts'), "export const meta = { id: 'active' };\n");
    await expect(findProbeFolders(new URL(`file://${probes}/`))).rejects.toThrow(
      `The probe src/probes/active/ has no ${what}.`,
    );
  });
});
