import { describe, expect, it } from 'vitest';
import { compileMessages } from '../../views/compile-messages';
import { createWords } from '../../views/create-words';
import { english } from './messages';

const wordsOf = (locale: string, messages: Record<string, string>) => {
  const compiled = compileMessages(messages);
  return createWords({ locale: () => locale, message: (key) => compiled[key] });
};

describe('words', () => {
  it('fills placeholders and leaves unknown ones to be seen', () => {
    expect(english('row.layer', { layer: 3 })).toBe('Layer 3');
    expect(english('row.layer')).toBe('Layer {layer}');
  });

  it('counts in the grammar of the language', () => {
    expect(english.count('tokens', 1)).toBe('1 token');
    expect(english.count('tokens', 12345)).toBe('12,345 tokens');
    const polish = wordsOf('pl', {
      tokens: '{count, plural, one {# token} few {# tokeny} many {# tokenów} other {# tokena}}',
    });
    expect([1, 3, 5, 1.5].map((count) => polish.count('tokens', count))).toEqual([
      '1 token',
      '3 tokeny',
      '5 tokenów',
      '1,5 tokena',
    ]);
  });

  it('writes numbers and dates as the language does', () => {
    const german = wordsOf('de', { tokens: '{n, number} am {day, date, medium}' });
    const day = new Date(2026, 10, 30);
    expect(german('tokens', { n: 12345.5, day })).toBe('12.345,5 am 30.11.2026');
  });

  it('cuts a sentence at what the page fills with something richer', () => {
    expect(english.pieces('verdict.own', { model: 'Atlas', saysP: '93 %' })).toEqual([
      { text: 'Atlas would write ' },
      { slot: 'says' },
      { text: ' (93 %).' },
    ]);
  });

  it('does not let values be read as placeholders or syntax', () => {
    expect(english('row.layer', { layer: '{layer}' })).toBe('Layer {layer}');
    expect(english('row.layer', { layer: "'{' # <b>" })).toBe("Layer '{' # <b>");
  });

  it('holds formulas with braces and signs as they are', () => {
    expect(english('term.first.formula')).toBe('first = min { l : argmax lens_l is accepted }');
    expect(english('term.rank.formula')).toBe('rank(t) = 1 + |{u : logit(u) > logit(t)}|');
  });

  it('says which message cannot be read', () => {
    expect(() => compileMessages({ good: 'a', 'lens.bad': '{count, plural, one {x}' })).toThrow(/lens\.bad/);
  });
});
