import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ARCHIVE_FAULTS } from '../../models/archive-faults';
import { ERROR_CODES, UNSUPPORTED_REASONS } from '../../core/errors';
import en from './en.json';
import { createWords, english } from './messages';

const SRC = new URL('../../', import.meta.url).pathname;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(svelte|ts)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}

describe('the catalogue', () => {
  it('has a sentence for every error code', () => {
    for (const code of ERROR_CODES) expect(en, code).toHaveProperty([`error.${code}`]);
  });

  it('has a sentence for every reason not to look into a model, naming the input that shows it', () => {
    for (const reason of UNSUPPORTED_REASONS) {
      expect(en, reason).toHaveProperty([`error.unsupported-model.${reason}`]);
    }
    expect(english('error.unsupported-model.vision', { input: 'pixel_values' })).toContain('“pixel_values”');
  });

  it('has a sentence for every reason to refuse an archive', () => {
    for (const fault of ARCHIVE_FAULTS) expect(en, fault).toHaveProperty([`models.error.archive.${fault}`]);
  });

  it('has no message that nothing on the page uses', () => {
    const code = ['app', 'views', 'state', 'probes'].flatMap((folder) => sources(join(SRC, folder))).join('\n');
    // A key is used in full, or by a template literal that spells its beginning.
    const beginnings = [...code.matchAll(/[`'"]([a-z][\w-]*(?:\.[\w-]+)*\.)\$\{/g)].map((match) => match[1]!);
    const counted = [...code.matchAll(/\.count\(\s*'([\w.-]+)'/g)].map((match) => `${match[1]!}.`);
    const unused = Object.keys(en).filter(
      (key) => !code.includes(`'${key}'`) && ![...beginnings, ...counted].some((start) => key.startsWith(start)),
    );
    expect(unused.join(', ')).toBe('');
  });
});

describe('words', () => {
  it('fills placeholders and leaves unknown ones to be seen', () => {
    expect(english('row.layer', { layer: 3 })).toBe('Layer 3');
    expect(english('row.layer')).toBe('Layer {layer}');
  });

  it('counts in the grammar of the language', () => {
    expect(english.count('tokens', 1)).toBe('1 token');
    expect(english.count('tokens', 12345)).toBe('12,345 tokens');
  });

  it('cuts a sentence at what the page fills with something richer', () => {
    expect(english.pieces('verdict.own', { model: 'Atlas', saysP: '93 %' })).toEqual([
      { text: 'Atlas would write ' },
      { slot: 'says' },
      { text: ' (93 %).' },
    ]);
  });

  it('does not let values be read as placeholders', () => {
    expect(english('row.layer', { layer: '{layer}' })).toBe('Layer {layer}');
    expect(createWords('en', {})('error.offline')).toBe(en['error.offline']);
  });
});
