import { afterEach, describe, expect, it } from 'vitest';
import { bits, bytes, cellPercent, columns, percent, quote, shorten, visible, whole } from './format';
import { setReaderLocale } from './locale';

describe('numbers', () => {
  it('writes percent with sensible digits', () => {
    const written = [0, 0.00005, 0.0004, 0.004, 0.041, 0.0999, 0.5, 0.934, 0.9961, 0.99996, 1].map((p) =>
      percent(p).replaceAll('\u00a0', ' '),
    );
    expect(written).toEqual([
      '0 %',
      '< 0.01 %',
      '0.04 %',
      '0.4 %',
      '4.1 %',
      '10 %',
      '50 %',
      '93 %',
      '99.6 %',
      '> 99.9 %',
      '100 %',
    ]);
    expect(percent(Number.NaN)).toBe('–');
  });

  it('never shows a small probability as nothing', () => {
    expect([0.001, 0.004, 0.006, 0, 1].map(cellPercent)).toEqual(['<1', '<1', '1', '0', '100']);
    expect([0.994, 0.996, 0.99999].map(cellPercent)).toEqual(['99', '>99', '>99']);
  });

  it('writes sizes in decimal units', () => {
    expect(
      [0, 999, 1000, 999_600, 7_400_000, 1_250_000_000].map((count) => bytes(count).replaceAll('\u00a0', ' ')),
    ).toEqual(['0 B', '999 B', '1 kB', '1.0 MB', '7.4 MB', '1.25 GB']);
  });
});

describe('tokens', () => {
  it('makes visible what cannot be seen', () => {
    expect(visible(' Paris')).toBe('·Paris');
    const unseen = [
      0xad, 0x61c, 0x1680, 0x2007, 0x2009, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfe0f, 0x180e, 0x3164,
    ];
    for (const code of [...unseen, 0xe0067, 0xe007f, 0xe0100, 0x115f, 0x2800, 0xfff9, 0x1d173]) {
      expect(visible(String.fromCodePoint(code))).toBe(`⟨${code.toString(16).toUpperCase()}⟩`);
    }
    expect(visible('é ñ 好 ب 🇫🇷 a\u0301'.normalize('NFD'))).not.toContain('⟨');
    expect(visible('a\n\tb')).toBe('a⏎⇥b');
    expect(visible('\u0000\u200b\u202e')).toBe('⟨00⟩⟨200B⟩⟨202E⟩');
    expect(visible('\ud800')).toBe('⟨D800⟩');
    expect(visible('巴黎')).toBe('巴黎');
  });

  it('counts wide characters as two columns and cuts between characters', () => {
    expect(columns('巴黎')).toBe(4);
    expect(columns('e\u0301')).toBe(1);
    expect(shorten('·international', 8)).toBe('·intern…');
    expect(shorten('巴黎巴黎', 5)).toBe('巴黎…');
    expect(shorten('short', 8)).toBe('short');
    expect(quote(' the capital\n of\u200b ')).toBe('the capital of⟨200B⟩');
    expect(quote('The capital of France', 10)).toBe('The capit…');
  });
});

describe('in other languages', () => {
  afterEach(() => setReaderLocale('en'));

  it.each([
    ['zh-Hans', '93%', '< 0.01%', '12,345', '7.4 MB', '3.20 比特'],
    ['fr', '93 %', '< 0,01 %', '12 345', '7,4 Mo', '3,20 bits'],
    ['de', '93 %', '< 0,01 %', '12.345', '7,4 MB', '3,20 Bit'],
  ])('%s has its own marks and units', (locale, percents, little, number, size, entropy) => {
    setReaderLocale(locale);
    const written = [percent(0.93), percent(0.00001), whole(12345), bytes(7_400_000), bits(3.2)];
    // Which of the spaces that do not break a language takes is its own matter.
    expect(written.map((text) => text.replaceAll(/\s/g, ' '))).toEqual([percents, little, number, size, entropy]);
  });
});
