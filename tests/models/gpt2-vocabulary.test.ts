import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/engine/text/tokenizer';
import { gpt2Tokenizer } from '../../src/models/gpt2-tokenizer';

type Json = Readonly<Record<string, unknown>>;

/** What `training/text_cases.py` writes: a tokenizer.json, and the ids that Python's tokenizers make with it. */
interface Reference {
  readonly tokenizer: {
    readonly model: {
      readonly vocab: Record<string, number>;
      readonly merges: readonly (string | readonly [string, string])[];
    };
    readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  };
  readonly config: Json;
  readonly cases: readonly { readonly text: string; readonly ids?: readonly number[] }[];
}

const reference = (name: string): Reference =>
  JSON.parse(readFileSync(`tests/fixtures/tokenizers/${name}.json`, 'utf8')) as Reference;

/** The two files from before there was a tokenizer.json, as transformers wrote them. */
function before({ tokenizer: { model } }: Reference): { vocab: Json; merges: string } {
  const merges = model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  return { vocab: model.vocab, merges: ['#version: 0.2', ...merges, ''].join('\n') };
}

describe('vocab.json and merges.txt alone', () => {
  it.each([
    ['byte-level', false],
    ['byte-level-prefix', true],
  ])('give the ids of Python’s tokenizers: %s', async (name, prefix) => {
    const known = reference(name);
    const { vocab, merges } = before(known);
    const listed = known.tokenizer.added_tokens.map(({ id, content }) => [id, { content }]);
    const config = {
      ...known.config,
      tokenizer_class: 'GPT2Tokenizer',
      add_prefix_space: prefix,
      added_tokens_decoder: Object.fromEntries(listed) as Json,
    };
    const tokenizerJson = gpt2Tokenizer(vocab, merges, config, {});
    const tokenizer = await openTokenizer({ tokenizerJson: tokenizerJson!, tokenizerConfig: config }, 1000);
    const idsOf = (text: string) => tokenizer.encode(text, { bos: false }).map(({ id }) => id);
    const cases = known.cases.filter(({ ids }) => ids !== undefined);
    expect(cases.length).toBeGreaterThan(30);
    const wrong = cases.filter(({ text, ids }) => String(idsOf(text)) !== String(ids));
    expect(wrong.map(({ text }) => text)).toEqual([]);
  });

  it('are left alone where another class would split text otherwise', () => {
    const { vocab, merges } = before(reference('byte-level'));
    const made = (config: Json, model: Json = {}) => gpt2Tokenizer(vocab, merges, config, model) !== undefined;
    expect(made({ tokenizer_class: 'Qwen2Tokenizer' }, { model_type: 'qwen2' })).toBe(false);
    expect(made({ tokenizer_class: 'RobertaTokenizerFast' }, { model_type: 'gpt2' })).toBe(false);
    expect(made({}, { model_type: 'bloom' })).toBe(false);
    expect(made({}, { model_type: 'gpt2' })).toBe(true);
    expect(made({ tokenizer_class: 'TokenizersBackend' }, { model_type: 'gpt2' })).toBe(true);
    expect(made({ tokenizer_class: 'GPT2TokenizerFast' })).toBe(true);
  });
});
