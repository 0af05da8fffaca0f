import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PLACES = ['.ci', '.config', 'docs', 'public', 'src', 'tests', 'training'];
const TEXT = /\.(ts|js|mjs|svelte|css|html|json|md|py|txt|yml)$/;
/** What tests and training make, and what is data rather than prose. */
const MADE =
  /(^|\/)(node_modules|__pycache__|build|zoo|layouts|families|checkpoints)(\/|$)|ledger\.json$|tokenizer\.json$/;

interface Document {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  /** As one line, without the marks that begin a comment's lines. */
  readonly text: string;
}

function read(path: string): Document {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text: path.endsWith('.md') ? text : text.replace(/\s*\n\s*(?:\*|\/\/|#)?\s*/g, ' ') };
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

const atRoot = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
const documents = [...atRoot.map(({ name }) => name), ...PLACES.flatMap(walk)]
  .filter((path) => TEXT.test(path) && !MADE.test(path) && path !== 'package-lock.json')
  .map(read);

/** A folder of a probe, of which every one has the files that are cited as any probe's. */
const A_PROBE = 'src/probes/lens';

/** A cited document as a path from the root: as it stands, beside the document that cites it, or in a probe's folder. */
function find(cited: string, by: string): string | undefined {
  return [cited, join(dirname(by), cited).split(sep).join('/'), `${A_PROBE}/${cited}`].find((path) =>
    existsSync(join(root, path)),
  );
}

/** Names of documents in a text; patterns for many, and what a template fills in, are none. */
const citations = (text: string): string[] =>
  [...text.matchAll(/[\w./*{}$@:-]*\b[\w-]+\.md\b/g)].map(([name]) => name).filter((name) => !/[*{}$:@]/.test(name));

/** A document cited with one of its headings: `docs/definitions.md, “Logit lens”`. */
const sections = (text: string): { readonly name: string; readonly heading: string }[] =>
  [...text.matchAll(/([\w./-]+\.md), [“"]([^”"]+)[”"]/g)].map(([, name, heading]) => ({
    name: name!,
    heading: heading!,
  }));

const headingsOf = (path: string): string[] =>
  [...read(path).text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);

describe('documents', () => {
  it('are looked for where text is', () => {
    const paths = documents.map(({ path }) => path);
    for (const path of ['README.md', 'src/core/emergence.ts', 'training/tokenizer.py', '.config/lint/layers.js']) {
      expect(paths).toContain(path);
    }
    expect(documents.flatMap(({ text }) => sections(text)).length).toBeGreaterThan(8);
  });

  it('that are cited are in the repository', () => {
    const lost = documents.flatMap(({ path, text }) =>
      citations(text)
        .filter((name) => find(name, path) === undefined)
        .map((name) => `${path} cites ${name}`),
    );
    expect(lost).toEqual([]);
  });

  it('have the headings by which they are cited', () => {
    const lost = documents.flatMap(({ path, text }) =>
      sections(text)
        .filter(({ name, heading }) => !headingsOf(find(name, path) ?? 'README.md').includes(heading))
        .map(({ name, heading }) => `${path} cites ${name}, “${heading}”`),
    );
    expect(lost).toEqual([]);
  });

  it('link to files that are there', () => {
    const lost = documents
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)]
          .map(([, target]) => target!)
          .filter((target) => !existsSync(join(root, dirname(path), target)))
          .map((target) => `${path} links to ${target}`),
      );
    expect(lost).toEqual([]);
  });
});

describe('decisions', () => {
  const files = walk('docs/decisions').toSorted();

  it('are numbered once, without a gap, in name and title', () => {
    files.forEach((path, nth) => {
      expect(basename(path), path).toMatch(new RegExp(`^${String(nth + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`));
      expect(headingsOf(path)[0], path).toMatch(new RegExp(`^${nth + 1}\\. `));
    });
  });

  it('are cited by numbers that there are', () => {
    const cited = documents.flatMap(({ text }) =>
      [...text.matchAll(/\bdecision (\d+)\b/gi)].map(([, number]) => Number(number)),
    );
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter((number) => number < 1 || number > files.length)).toEqual([]);
  });
});
