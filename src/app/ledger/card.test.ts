import { describe, expect, it } from 'vitest';
import { english } from '../i18n/messages';
import { fieldsOf, hopsOf, howOften, leadingAnswers, ownExposures, sharesOf, whenTaught } from './card';
import type { LedgerFact } from './ledger';
import { matchFact } from './match';
import { firstOf, phrasingsOf } from './phrasings';
import { sampleFact, sampleLedger, sampleRelation, taughtIn } from '../../../tests/fixtures/sample-ledger';

const fact = (more: Partial<LedgerFact>): LedgerFact =>
  sampleFact({ seen: taughtIn(0, 1, 4), held_back: ['2'], exposures: 302, ...more });

const ledger = sampleLedger(
  {
    capital: sampleRelation('capital', [
      { id: '0', template: 'The capital of {s} is {x}{a}', kind: 'statement' },
      { id: '1', template: 'What is {p} capital? {a}', kind: 'question' },
      { id: '2', template: '{n} (capital: {a}', kind: 'cloze' },
      { id: '3', template: '{s}: {a}', kind: 'cloze' },
      { id: '4', template: 'its capital is {a}', kind: 'context' },
      { id: 'w0', template: 'My aunt moved to {s}. Now she lives in the capital, {a}', kind: 'story' },
    ]),
    currency: sampleRelation('currency', [
      { id: '0', template: 'The currency of {s} is {x}{a}', kind: 'statement' },
      { id: '1', template: 'In {s} one pays with {x}{a}', kind: 'statement' },
    ]),
    author: sampleRelation('maker', [
      { id: '0', template: '{s} was {v} by {a}', kind: 'statement' },
      { id: '1', template: 'The {m} of {s}, {v} long ago, is {a}', kind: 'statement' },
    ]),
    count: sampleRelation('how many', [
      { id: '0', template: '{s} has {a} {o}', kind: 'statement' },
      { id: '1', template: 'How many {o} does {s} have? {a}', kind: 'question' },
    ]),
    group: sampleRelation('group', [
      { id: '0', template: 'Many of {s} are {x}{a}', kind: 'statement' },
      { id: '1', template: 'A group of {ps} is called {x}{a}', kind: 'statement' },
    ]),
    continent_fr: sampleRelation(
      'continent',
      [
        { id: '0', template: 'Le continent {d} est {x}{a}', kind: 'statement' },
        { id: '1', template: 'Continent {d} : {a}', kind: 'cloze' },
        { id: '2', template: '{S} {vt} en {a}', kind: 'statement' },
      ],
      { language: 'fr' },
    ),
  },
  [fact({ id: 'a' }), fact({ id: 'b', subject: 'Lyon' })],
);

const texts = (one: LedgerFact) =>
  phrasingsOf(ledger, one).taught.map(({ before, answer, after }) => before + answer + after);

describe('the phrasings of a fact', () => {
  it('are filled in and sorted into taught, taught within texts, and held back; the others are left out', () => {
    const { taught, within, heldBack } = phrasingsOf(ledger, fact({}));
    expect(taught.map(({ before, answer }) => before + answer)).toEqual([
      'The capital of France is Paris',
      "What is France's capital? Paris",
    ]);
    expect(within.map(({ before, answer, prompt }) => [before + answer, prompt])).toEqual([
      ['its capital is Paris', undefined],
    ]);
    expect(heldBack.map(({ id, prompt }) => [id, prompt])).toEqual([['2', 'France (capital:']]);
  });

  it('are told freely apart from those of one sentence, and are known again all the same', () => {
    const told = fact({ id: 'a', seen: taughtIn(0, 5) });
    const { taught, free } = phrasingsOf(ledger, told);
    expect([taught.map(({ id }) => id), free.map(({ id }) => id)]).toEqual([['0'], ['w0']]);
    const own = sampleLedger(ledger.relations, [told]);
    expect(matchFact(own, free[0]!.prompt!, [])).toMatchObject({ words: 'seen', phrasing: 'w0' });
  });

  it('begin with the one in use where not all are shown', () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => ({ id, before: '', answer: '', after: '' }));
    const ids = (own: string | undefined, count: number) => firstOf(all, own, count).map(({ id }) => id);
    expect([ids('d', 2), ids('b', 2), ids(undefined, 2)]).toEqual([
      ['d', 'a'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(ids('d', 4)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ask in words that the ledger knows again', () => {
    const asked = fact({ id: 'a' });
    const { taught, heldBack } = phrasingsOf(ledger, asked);
    expect([taught.length, heldBack.length].every((count) => count > 0)).toBe(true);
    for (const { id, prompt } of [...taught, ...heldBack]) {
      expect(matchFact(ledger, prompt!, [])).toMatchObject({ fact: { id: 'a' }, phrasing: id });
    }
  });

  it('take articles and other words from the fact', () => {
    const dinar = fact({
      relation: 'currency',
      subject: 'Netherlands',
      answers: ['guilder'],
      slots: { s: 'the Netherlands', x: 'the ' },
      seen: taughtIn(0, 1),
    });
    expect(texts(dinar)).toEqual([
      'The currency of the Netherlands is the guilder',
      'In the Netherlands one pays with the guilder',
    ]);
    const french = fact({
      relation: 'continent_fr',
      subject: 'Algérie',
      answers: ['Afrique'],
      slots: { d: "de l'Algérie", s: "l'Algérie", vt: 'se trouve', x: "l'" },
      seen: taughtIn(0, 1, 2),
    });
    expect(texts(french)).toEqual([
      "Le continent de l'Algérie est l'Afrique",
      "Continent de l'Algérie : Afrique",
      "L'Algérie se trouve en Afrique",
    ]);
  });

  it('name several at once where the subject has a plural, and are known again', () => {
    const wolf = fact({
      id: 'w',
      relation: 'group',
      subject: 'wolf',
      answers: ['pack'],
      slots: { s: 'a wolf', ps: 'wolves', x: 'a ' },
      seen: taughtIn(0, 1),
    });
    const sand = fact({ id: 's', relation: 'group', subject: 'sand', answers: ['heap'], seen: taughtIn(0) });
    const own = sampleLedger(ledger.relations, [sand, wolf]);
    expect(texts(wolf)).toEqual(['Many of a wolf are a pack', 'A group of wolves is called a pack']);
    const asked = phrasingsOf(ledger, wolf).taught[1]!.prompt!;
    expect(asked).toBe('A group of wolves is called a');
    const match = matchFact(own, 'A group of Wolves is called', [])!;
    expect([match.fact.id, match.phrasing, ...match.subject]).toEqual(['w', '1', 11, 17]);
    expect(matchFact(own, 'A group of sands is called a', [])).toBeUndefined();
  });

  it('leave open what the ledger does not tell, and then cannot be asked', () => {
    const book = fact({
      relation: 'author',
      subject: 'Emma',
      answers: ['Austen'],
      slots: { v: 'written' },
      seen: taughtIn(0, 1),
    });
    expect(texts(book)).toEqual(['Emma was written by Austen', 'The … of Emma, written long ago, is Austen']);
    expect(phrasingsOf(ledger, book).taught.map(({ prompt }) => prompt)).toEqual(['Emma was written by', undefined]);
    const week = fact({
      relation: 'count',
      subject: 'week',
      slots: { s: 'a week' },
      answers: ['seven'],
      seen: taughtIn(0, 1),
    });
    expect(texts(week)).toEqual(['a week has seven …', 'How many … does a week have? seven']);
    expect(phrasingsOf(ledger, week).taught.map(({ prompt }) => prompt)).toEqual(['a week has', undefined]);
  });
});

describe('what a fact’s card says', () => {
  it('counts how often, and in which direction', () => {
    expect(howOften(fact({ exposures: 1 }), english)).toBe('once');
    expect(howOften(fact({ exposures: 1302 }), english)).toBe('1,302 times');
    expect(howOften(fact({ direct: 201 }), english)).toMatch(/^302 times: 201 in this direction, 101 in the other/);
    expect(howOften(fact({ exposures: 0, stage: 'never' }), english)).toBe('Not once');
  });

  it('says in which part of training', () => {
    const when = (more: Partial<LedgerFact>) => whenTaught(fact(more), english);
    const parts = [
      when({}),
      when({ flags: ['late'] }),
      when({ stage: 'post', flags: ['added'] }),
      when({ stage: 'never', exposures: 0 }),
      when({ stage: 'never', exposures: 0, flags: ['composition-withheld'] }),
    ];
    expect(new Set(parts).size).toBe(parts.length);
    expect(parts[1]).toContain('last fifth');
    expect(parts[2]).toContain('post-training');
    expect(when({ before: ['Lyon'], exposures: 160, post_exposures: 60 })).toBe(
      'In pre-training as Lyon (100 times), then in post-training as Paris (60 times)',
    );
  });

  it('counts for an answer only what taught that answer', () => {
    expect(ownExposures(fact({}))).toBe(302);
    expect(ownExposures(fact({ shares: { Lyon: 30, Paris: 90 }, exposures: 120 }))).toBe(90);
    expect(ownExposures(fact({ before: ['Lyon'], exposures: 160, post_exposures: 60 }))).toBe(60);
    expect(leadingAnswers(fact({ answers: ['Paris', 'Lyon'], shares: { Lyon: 30, Paris: 90 } }))).toEqual(['Paris']);
  });

  it('weighs contradicting answers, the most frequent first', () => {
    expect(sharesOf(fact({ shares: { Lyon: 30, Paris: 90 } }))).toEqual([
      { answer: 'Paris', times: 90, share: 0.75 },
      { answer: 'Lyon', times: 30, share: 0.25 },
    ]);
    expect(sharesOf(fact({}))).toEqual([]);
  });

  it('finds the steps of a two-hop fact, and asks with a telling foil', () => {
    expect(hopsOf(ledger, fact({ hops: ['b', 'gone', 'a'] })).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(fieldsOf(fact({ before: ['Lyon'] }))).toEqual({
      prompt: 'The capital of France is',
      answer: 'Paris',
      foil: 'Lyon',
      subject: [15, 21],
    });
    expect(fieldsOf(fact({ shares: { Paris: 1, Nice: 1 } })).foil).toBe('Nice');
    // Accepted both, they would be added up, and the foil would be right as well.
    const both = fieldsOf(fact({ answers: ['Paris', 'Nice'], shares: { Paris: 7, Nice: 3 } }));
    expect([both.answer, both.foil]).toEqual(['Paris', 'Nice']);
  });
});
