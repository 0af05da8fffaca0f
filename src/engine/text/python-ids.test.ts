import { readdirSync, readFileSync } from 'node:fs';
import * as transformers from '@huggingface/transformers';
import { describe, expect, it } from 'vitest';
import { StrataError } from '../../core/errors';
import { TOKENIZER_CLASSES } from './library';
import type { Json } from './same-pieces';
import { openTokenizer } from './tokenizer';

/** What `training/text_cases.py` writes. */
interface Reference {
  readonly about: string;
  readonly tokenizer: Json;
  readonly config: Json;
  readonly cases: readonly (
    | {
        readonly text: string;
        readonly ids: readonly number[];
        readonly fed: readonly number[];
        readonly ranges: readonly (readonly [number, number])[];
      }
    | { readonly text: string; readonly refused: string }
  )[];
}

const FOLDER = 'tests/fixtures/tokenizers';
/** Vocabularies of the fixtures end below this. */
const D_VOCAB = 1000;

function reference(name: string): Reference {
  return JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as Reference;
}

const open = ({ tokenizer, config }: Reference) =>
  openTokenizer({ tokenizerJson: tokenizer, tokenizerConfig: config }, D_VOCAB);

/** Makes that may leave fewer texts than these without ranges; all others leave none. */
const UNTOLD: Readonly<Record<string, number>> = {
  wordlevel: 28,
  'wordpiece-cased': 4,
  'wordpiece-lower': 4,
};

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * A range without white space at its ends, and widened to whole graphemes: Python gives a letter without the accent that
 * a normaliser has taken off or joined to it, here the accent belongs to its letter.
 */
function readable(text: string, [start, end]: readonly [number, number]): readonly [number, number] | 'nothing' {
  while (start < end && text[start]!.trim() === '') start++;
  while (end > start && text[end - 1]!.trim() === '') end--;
  if (start === end) return 'nothing';
  const units = [...graphemes.segment(text)].map(({ segment, index }) => [index, index + segment.length] as const);
  const within = units.filter(([from, to]) => from < end && to > start);
  return [within[0]![0], within.at(-1)![1]];
}

/** Code points, as Python counts, in UTF-16 units. */
function inUnits(text: string, [start, end]: readonly [number, number]): readonly [number, number] {
  const length = (to: number): number => Array.from(text).slice(0, to).join('').length;
  return [length(start), length(end)];
}

const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));

describe('Python’s tokenizers', () => {
  it('are compared in every make', () => {
    expect(names.length).toBeGreaterThanOrEqual(28);
    for (const name of names) expect(reference(name).cases.length, name).toBeGreaterThanOrEqual(40);
  });

  it.each(names)('%s gives the same ids', async (name) => {
    const file = reference(name);
    const tokenizer = await open(file);
    for (const one of file.cases) {
      const ids = () => tokenizer.encode(one.text, { bos: false }).map((token) => token.id);
      if ('refused' in one) expect(ids, one.text).toThrow(expect.objectContaining({ code: 'invalid-text' }));
      else expect(ids(), JSON.stringify(one.text)).toEqual(one.ids);
    }
  });

  it.each(names)('%s places every token where it stands, or says that it cannot tell', async (name) => {
    const file = reference(name);
    const tokenizer = await open(file);
    const untold: string[] = [];
    for (const one of file.cases) {
      if ('refused' in one || one.text.trim() === '') continue;
      const { tokens, rangesUnknown } = tokenizer.prepare({ prompt: one.text, answers: [], bos: false }, 1000);
      if (rangesUnknown) {
        untold.push(one.text);
        expect(tokens.every((token) => token.start === token.end)).toBe(true);
        continue;
      }
      tokens.forEach((token, position) => {
        const ours = readable(one.text, [token.start, token.end]);
        // Python gives the first letter to a space put in front that is a token of its own.
        if (ours === 'nothing' && token.text.trim() === '') return;
        const theirs = readable(one.text, inUnits(one.text, one.ranges[position]!));
        expect(ours, `${JSON.stringify(one.text)} token ${position}`).toEqual(theirs);
      });
    }
    // Two unknown words in a row could part the text between them anywhere.
    expect(untold.length, JSON.stringify(untold)).toBeLessThan(UNTOLD[name] ?? 1);
  });
});

describe('the library’s classes', () => {
  it('are all known by name', () => {
    const theirs = Object.keys(transformers).filter((name) => /Tokenizer$/.test(name) && name !== 'AutoTokenizer');
    expect(Object.keys(TOKENIZER_CLASSES).toSorted()).toEqual(theirs.toSorted());
  });

  it('a file that is no tokenizer is refused by its name', async () => {
    const broken = openTokenizer({ tokenizerJson: { model: {} }, tokenizerConfig: {} }, 10);
    await expect(broken).rejects.toThrow(StrataError);
    await expect(broken).rejects.toMatchObject({ code: 'invalid-config', details: { file: 'tokenizer.json' } });
  });
});
