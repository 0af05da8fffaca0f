import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, TOO_LARGE_REASONS, UNSUPPORTED_REASONS } from '../../core/errors';
import { PROMPT_FORMS } from '../../core/fact';
import { MISSING_REASONS } from '../../core/missing-reasons';
import { LOAD_NOTES, NO_BATCHING, NO_FILE_CHECK } from '../../core/model';
import { MODEL_FLAWS } from '../../core/model-flaws';
import { ARCHIVE_FAULTS } from '../../models/archive-faults';
import { NO_ADDRESSES } from '../../models/hub-address-kinds';
import { NO_MODEL_REASONS } from '../../models/layout';
import { SIZES, THEMES } from '../../state/Settings.svelte';
import { KINDS as FACT_KINDS } from '../ledger/ledger';
import { smallInfo } from '../../../tests/fixtures/probe-input.ts';
import { findFigures } from '../figures/registry';
import { english } from './messages';

const SRC = new URL('../../', import.meta.url).pathname;

/** The English files, by path below `src`. */
const files = new Map(
  Object.entries(
    import.meta.glob<Record<string, string>>(['./en.json', '../*/words/en.json', '../../probes/*/words/en.json'], {
      import: 'default',
      eager: true,
    }),
  ),
);
const keys = [...files.values()].flatMap((messages) => Object.keys(messages));

/** Probes, and those that a model without any hook has nothing for. */
const probes = findFigures().map(({ meta, entry }) => ({ id: meta.id, needs: meta.needs, place: entry.place }));
const blind = smallInfo({ hooks: [] });
const lacking = probes.filter(({ needs }) => needs(blind) !== undefined).map(({ id }) => id);
/** What the folders of probes say of their own keys. */
const own = import.meta.glob<Readonly<Record<string, readonly string[]>>>('../../probes/*/words/templates.ts', {
  import: 'templates',
  eager: true,
});

const BACKEND_LIMITS = ['context', 'memory'];
const FITS = ['fits', 'tight', 'too-large'];
const STEPS = ['verify', 'tokenizer', 'anatomy', 'session', 'self-check'];
const FORMATS = ['svg', 'png', 'csv', 'json'];
const FIELDS = ['prompt', 'answer', 'foil'];
const EVENTS = ['first', 'stable', 'half'];
const EMERGES = ['never', 'lost', 'embedding', 'last', 'stays', 'passing'];

/**
 * What keys that are put together in code range over: every template with its places marked `*`, and what stands
 * there. That each of these is a key is also checked when compiling; here, that nothing else is in the files.
 */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  ...(Object.assign({}, ...Object.values(own)) as Record<string, readonly string[]>),
  '*.cannot': lacking,
  '*.name': probes.map(({ id }) => id),
  '*.title': probes.filter(({ place }) => place !== 'none').map(({ id }) => id),
  'anatomy.batching.*': NO_BATCHING,
  'anatomy.limit.*': BACKEND_LIMITS,
  'anatomy.source.*': ['bundled', 'hub', 'folder'],
  'display.size.*': SIZES,
  'display.theme.*': THEMES,
  'error.*': ERROR_CODES,
  'error.answer-not-continuation.*': ['answer', 'foil'],
  'error.invalid-text.*': FIELDS,
  'error.model-too-large.*': TOO_LARGE_REASONS,
  'error.unsupported-model.*': UNSUPPORTED_REASONS,
  'export.*': FORMATS,
  'fileCheck.*': NO_FILE_CHECK,
  'fileCheck.*.*': ['same.now', 'same.before', 'same.built', 'different.now', 'different.before', 'different.built'],
  'flaw.*': MODEL_FLAWS,
  'form.*': PROMPT_FORMS,
  'form.*.meaning': PROMPT_FORMS,
  'form.bos.*': ['with', 'without'],
  'form.bos.*.meaning': ['with', 'without'],
  'gallery.kind.*': FACT_KINDS,
  'ledger.list.*': ['taught', 'within', 'heldBack', 'free'],
  'load.once.*': ['bundled', 'hub', 'folder'],
  'load.step.*': STEPS,
  'missing.*': MISSING_REASONS,
  'missing.part.*': ['anatomy', 'attention', 'inside-attention'],
  'model.*': ['idle', 'downloading', 'preparing', 'ready', 'failed'],
  'model.backend.*': ['auto', 'wasm', 'webgpu'],
  'models.advice.*': FITS,
  'models.error.archive.*': ARCHIVE_FAULTS,
  'models.error.hub.*': NO_ADDRESSES,
  'models.error.no-model.*': NO_MODEL_REASONS,
  'models.fit.*': FITS,
  'models.keeping.*': ['granted', 'refused'],
  'models.probes.*': ['all', 'no-mid', 'some-attention'],
  'note.*.disagrees': LOAD_NOTES.filter((code) => code.startsWith('backend-')),
  'note.*.numberless': LOAD_NOTES.filter((code) => code.startsWith('backend-')),
  'ruler.*': ['first', 'second'],
  'ruler.note.leftOut.*': ['seam', 'too-long'],
  'ruler.p.*': ['same', 'more', 'less'],
  'ruler.says.*': ['level', 'deeper', 'shallower'],
  'selfCheck.*.*': ['same.now', 'same.before', 'different.now', 'different.before'],
  'term.*': EVENTS,
  'term.*.formula': EVENTS,
  'term.*.meaning': EVENTS,
  'tokens.leftOut.*': ['seam', ...BACKEND_LIMITS],
  'tokens.room.*': BACKEND_LIMITS,
  'tour.*.text': ['1', '2', '3'],
  'tour.*.title': ['1', '2', '3'],
  'trouble.edit.*': FIELDS,
  'verdict.emerges.*': EMERGES,
  'verdict.emerges.*.several': EMERGES,
};

function expand(template: string, places: readonly string[]): string[] {
  return places.map((place) =>
    template.includes('*.*') ? template.replace('*.*', place) : template.replace('*', place),
  );
}

/** The code of what has words, without its tests. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(svelte|ts)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name) ? [path] : [];
  });
}
const paths = ['app', 'views', 'state', 'probes'].flatMap((folder) => sources(join(SRC, folder)));
const code = paths.map((path) => readFileSync(path, 'utf8')).join('\n');

/** Templates in `words(…)`, `words.count(…)`, `words.pieces(…)` or a sentence's `key:`, with their places as `*`. */
const templates = new Set(
  [...code.matchAll(/(?:\bwords(?:\.\w+)?\(|\bkey: |[?:] )\s*(?:[^`'"\n(){}]*\? )?`([^`]*\$\{[^`]*)`/g)]
    .map(([, template]) => template!.replaceAll(/\$\{[^}]*\}/g, '*'))
    .filter((template) => /^[\w.*-]+$/.test(template) && template.includes('.'))
    // Names of hooks are put together, too.
    .filter((template) => !template.startsWith('blocks.')),
);

describe('keys', () => {
  it('stand in one file only', () => {
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it.each(Object.entries(TEMPLATES))('%s has words for everything it ranges over', (template, places) => {
    expect(expand(template, places).filter((key) => !keys.includes(key))).toEqual([]);
  });

  it('that are put together are listed here, each of them used', () => {
    expect([...templates].toSorted()).toEqual(Object.keys(TEMPLATES).toSorted());
  });

  it('are all used by something on the page', () => {
    const made = new Set(Object.entries(TEMPLATES).flatMap(([template, places]) => expand(template, places)));
    expect(keys.filter((key) => !made.has(key) && !code.includes(`'${key}'`))).toEqual([]);
  });

  it('are never taken from all of English at once, which would be fetched with the page', () => {
    const importers = paths.filter((path) =>
      /from '[^']*\/i18n\/messages'|from '\.\/messages'/.test(readFileSync(path, 'utf8')),
    );
    expect(importers.map((path) => relative(SRC, path).split(sep).join('/'))).toEqual([]);
  });
});

describe('sentences', () => {
  it('for what is wrong with a file name what shows it', () => {
    expect(english('error.unsupported-model.vision', { input: 'pixel_values' })).toContain('“pixel_values”');
    expect(english('missing.head-count', { stated: 4, found: 12 })).toContain('says 4 heads, the file has 12');
  });
});
