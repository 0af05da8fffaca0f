import { afterEach, describe, expect, it } from 'vitest';
import { Language, spoken } from '../../state/Language.svelte';
import { percent } from '../../views/format';
import { setReaderLocale } from '../../views/locale';
import { Catalogues } from './Catalogues.svelte';
import { PSEUDO_MARKS } from './pseudo';

afterEach(() => setReaderLocale('en'));

describe('catalogues', () => {
  it('have the shell from the start, and a room when it was needed', async () => {
    const catalogues = new Catalogues(new Language());
    expect(catalogues.words('fact.probe')).toBe('Probe');
    expect(catalogues.has('lens')).toBe(false);
    expect(catalogues.words('lens.title')).toBe('lens.title');
    await catalogues.need('lens', 'heads');
    expect(catalogues.has('lens', 'heads')).toBe(true);
    expect(catalogues.words('lens.title')).toBe('What each layer would say next');
  });

  it('say which room there is none of', async () => {
    await expect(new Catalogues(new Language()).need('nowhere')).rejects.toThrow(/nowhere/);
  });

  it('speak another language in every room at once, also in those that come later', async () => {
    const catalogues = new Catalogues(new Language());
    await catalogues.need('lens');
    await catalogues.speak('zh');
    expect(catalogues.words.locale).toBe('zh-Hans');
    expect(catalogues.words('lens.title')).toMatch(/\p{Script=Han}/u);
    await catalogues.need('attention');
    expect(catalogues.words('attention.title')).toMatch(/\p{Script=Han}/u);
    expect(percent(0.93)).toBe('93%');
    await catalogues.speak('en');
    expect(catalogues.words('attention.title')).toBe('Who looked where');
    expect(percent(0.93)).toBe('93\u00a0%');
  });

  it('leave in English what a language has not come to', async () => {
    const catalogues = new Catalogues(new Language());
    await catalogues.speak('zh');
    await catalogues.need('ruler');
    expect(catalogues.words('ruler.title')).toBe('Precision ruler');
  });

  it('end in the language that was chosen last', async () => {
    const catalogues = new Catalogues(new Language());
    await Promise.all([catalogues.speak('zh'), catalogues.speak('en')]);
    expect(catalogues.spoken).toBe('en');
  });

  it('have a longer language and one from right to left, to find what was left out', async () => {
    const catalogues = new Catalogues(new Language());
    await catalogues.need('presenter', 'ledger');
    await catalogues.speak('en-XA');
    const long = catalogues.words('row.layer', { layer: 3 });
    expect(long).toMatch(/^⟦Ļåý/);
    expect(long).toContain(`${PSEUDO_MARKS.valueStart}3${PSEUDO_MARKS.valueEnd}`);
    expect(long.length).toBeGreaterThan('Layer 3'.length * 1.3);
    expect(catalogues.words.count('ledger.times', 7)).toMatch(/^⟦\u20687\u2069 ţ/);
    await catalogues.speak('ar-XB');
    expect(catalogues.words('row.layer', { layer: 3 })).toMatch(/\p{Script=Hebrew}/u);
  });
});

describe('the language of the system', () => {
  it.each([
    [['en-GB', 'zh-CN'], 'en'],
    [['zh-CN', 'en'], 'zh'],
    [['zh-Hans-SG'], 'zh'],
    [['zh'], 'zh'],
    // Traditional characters are another way of writing, which the page does not have.
    [['zh-TW', 'en'], 'en'],
    [['fr', 'zh-CN'], 'zh'],
    [['tlh', 'not a tag!'], 'en'],
    [[], 'en'],
  ] as const)('%j is answered in %s', (wanted, language) => {
    expect(spoken(wanted)).toBe(language);
  });
});
