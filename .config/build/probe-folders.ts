import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What every folder below src/probes/ holds; `View.svelte` may be missing where a figure has no place of its own. */
const FILES = ['meta.ts', 'run.ts', 'figure.ts', 'view/document.ts', 'words/en.json', 'help/en.md'] as const;

/** Sentences about folders of probes that lack a file. @param folder `src/probes` */
export function incompleteProbes(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const missing = FILES.filter((file) => !existsSync(join(folder, name, file)));
      if (missing.length === 0) return [];
      return [`The probe src/probes/${name}/ lacks ${missing.join(', ')}: see ARCHITECTURE.md, "Add a probe".`];
    });
}

/** Stops the build when a probe is not complete: a registry by folder would only notice when it is shown. */
export function probeFolders(): Plugin {
  return {
    name: 'strata-probe-folders',
    configResolved({ root }) {
      const [first] = incompleteProbes(join(root, 'src/probes'));
      if (first !== undefined) throw new Error(first);
    },
  };
}
