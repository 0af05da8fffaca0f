import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What every folder below src/probes/ holds. */
const FILES = [
  'meta.ts',
  'run.ts',
  'figure.ts',
  'view/document.ts',
  'words/en.json',
  'words/keys.d.ts',
  'help/en.md',
] as const;
/** Only a figure that says so has no picture of its own. */
const NO_PLACE = /\bplace: 'none'/;

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** What a folder lacks, and what of it is not as the registries expect, each as the end of a sentence. */
function faultsOf(folder: string, name: string): string[] {
  const needed = NO_PLACE.test(read(join(folder, 'figure.ts'))) ? FILES : [...FILES, 'View.svelte'];
  const missing = needed.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) return [`lacks ${missing.join(', ')}`];
  const id = /^ {2}id: '([^']*)',$/m.exec(read(join(folder, 'meta.ts')))?.[1];
  return id === name ? [] : [`has another id than its folder: its meta.ts must say id: '${name}'`];
}

/** Sentences about folders of probes that are not complete. @param folder `src/probes` */
export function incompleteProbes(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => faultsOf(join(folder, name), name).map((fault) => ({ name, fault })))
    .map(({ name, fault }) => `The probe src/probes/${name}/ ${fault}. See ARCHITECTURE.md, "Add a probe".`);
}

/**
 * Stops the build when a probe is not complete: a registry by folder would only notice when it is shown. While one is
 * being written it is only said, so that its first tests run before its figure is there.
 */
export function probeFolders(): Plugin {
  return {
    name: 'strata-probe-folders',
    configResolved({ root, command, logger }) {
      const incomplete = incompleteProbes(join(root, 'src/probes'));
      if (command === 'build' && incomplete.length > 0) throw new Error(incomplete[0]);
      for (const sentence of incomplete) logger.warn(sentence);
    },
  };
}
