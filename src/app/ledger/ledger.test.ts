import { describe, expect, it } from 'vitest';
import {
  anySubjects,
  findName,
  inReadingOrder,
  kindsOf,
  otherSubjects,
  parseLedger,
  search,
  type LedgerFact,
} from './ledger';
import { matchFact } from './match';
import { sampleFact, sampleLedger, sampleRelation, taughtIn } from '../../../tests/fixtures/sample-ledger';

const fact = (
  id: string,
  relation: string,
  subject: string,
  answer: string,
  more: Partial<LedgerFact> = {},
): LedgerFact =>
  sampleFact({
    id,
    relation,
    subject,
    answers: [answer],
    prompt: `The ${relation} of ${subject} is`,
    held_back: ['1'],
    ...more,
  });

const ledger = sampleLedger(
  {
    capital: sampleRelation(
      'capital',
      [
        { id: '0', template: 'The capital of {s} is {x}{a}' },
        { id: '1', template: '{p} capital city is called {a}' },
      ],
      { question: 'What is the capital?' },
    ),
    language: sampleRelation('language', [{ id: '0', template: 'People in {s} speak {a}' }]),
  },
  [
    fact('c1', 'capital', 'France', 'Paris'),
    fact('c2', 'capital', 'Guinea', 'Conakry'),
    fact('c3', 'capital', 'Guinea-Bissau', 'Bissau', { exposures: 4 }),
    fact('c4', 'capital', 'the Netherlands', 'Amsterdam'),
    fact('c5', 'capital', 'Zoria', 'Mena', { stage: 'never', exposures: 0, flags: ['fictional', 'withheld'] }),
    fact('l1', 'language', 'France', 'French'),
  ],
);

describe('matching a prompt', () => {
  const match = (prompt: string, ...answers: string[]) => {
    const found = matchFact(ledger, prompt, answers);
    return found && [found.fact.id, found.words, prompt.slice(...found.subject)];
  };

  it('knows the phrasings a fact was taught in from those held back', () => {
    expect(match('The capital of France is')).toEqual(['c1', 'seen', 'France']);
    expect(match('I read that the capital of France is')).toEqual(['c1', 'seen', 'France']);
    expect(match('France’s capital city is called')).toEqual(['c1', 'held-back', 'France']);
    expect(match('The capital of the Netherlands is')).toEqual(['c4', 'seen', 'the Netherlands']);
  });

  it('lets the answer decide where the words are unknown', () => {
    expect(match('Tell me where the government of France sits:', 'Paris')).toEqual(['c1', 'other', 'France']);
    expect(match('In France everybody knows', 'French')).toEqual(['l1', 'other', 'France']);
    expect(match('In France everybody knows', 'cheese')).toBeUndefined();
  });

  it('does not take the end of one sentence for another', () => {
    const mars = sampleLedger({ kind: sampleRelation('kind', [{ id: '0', template: '{s} is {x}{a}' }]) }, [
      fact('m', 'kind', 'Mars', 'planet', { prompt: 'Mars is a', held_back: [] }),
    ]);
    const words = (prompt: string) => matchFact(mars, prompt, [])?.words;
    for (const prompt of ['Mars is', 'Mars is a', 'We know that Mars is', 'Look up: Mars is a', 'Then, Mars is']) {
      expect(words(prompt), prompt).toBe('seen');
    }
    for (const prompt of ['The capital of Mars is', 'What the people of Mars is', 'Little Mars is']) {
      expect(words(prompt), prompt).toBeUndefined();
    }
  });

  it('is not one of the taught wordings where the words before make something else of it', () => {
    const how = (prompt: string) => {
      const found = matchFact(ledger, prompt, ['Paris']);
      return [found?.fact.id, found?.words, found?.asks];
    };
    for (const prompt of [
      'It is not true that the capital of France is',
      'Nobody believes that the capital of France is',
      'Is it true that the capital of France is',
      'He lied when he said that the capital of France is',
      'If it were so that the capital of France is',
      'In a parallel world, the capital of France is',
      'The largest airport near the capital of France is',
      'The mayor of the capital of France is',
      'A small town beside the capital of France is',
    ]) {
      expect([prompt, ...how(prompt)]).toEqual([prompt, 'c1', 'other', false]);
    }
    for (const prompt of [
      'Everybody knows that the capital of France is',
      'We learned in school that the capital of France is',
      'Hello! The capital of France is',
      'I like maps, and the capital of France is',
      'Question 7: the capital of France is',
    ]) {
      expect([prompt, ...how(prompt)]).toEqual([prompt, 'c1', 'seen', true]);
    }
  });

  it('tells capital and small letters apart', () => {
    const how = (prompt: string) => matchFact(ledger, prompt, [])?.words;
    expect(how('THE CAPITAL OF FRANCE IS')).toBe('recased');
    expect(how('the capital of france is')).toBe('recased');
    expect(how('The Capital of France is')).toBe('recased');
    expect(how('the capital of France is')).toBe('seen');
    expect(how('The capital of The Netherlands is')).toBe('recased');
  });

  it('asks for the fact in another phrasing of its relation too, or in the words of one', () => {
    const never = fact('z', 'capital', 'Zoria', 'Mena', { seen: '', held_back: [], stage: 'never', exposures: 0 });
    const withheld = sampleLedger(ledger.relations, [never]);
    expect(matchFact(withheld, 'Zoria’s capital city is called', [])).toMatchObject({ words: 'other', asks: true });
    expect(matchFact(ledger, 'The capital city of France is', ['Paris'])).toMatchObject({ asks: false });
    const two = [
      { id: '0', template: 'The capital of {s} is {x}{a}' },
      { id: '1', template: 'capital city of {s}: {a}' },
    ];
    const words = sampleLedger({ capital: sampleRelation('capital', two) }, [fact('c', 'capital', 'France', 'Paris')]);
    expect(matchFact(words, 'capital city of France is', ['Paris'])).toMatchObject({ words: 'other', asks: true });
    expect(matchFact(words, 'capital river of France is', ['Paris'])).toMatchObject({ asks: false });
  });

  it('takes the longest phrasing that the words end in', () => {
    const phrasings = [
      { id: '0', template: 'capital of {s}: {a}' },
      { id: '1b', template: 'name of the capital of {s}: {a}' },
      { id: '2', template: '{v} of {s}: {a}' },
    ];
    const one = sampleLedger({ capital: sampleRelation('capital', phrasings) }, [
      fact('c', 'capital', 'Chad', "N'Djamena", { seen: taughtIn(0, 2), held_back: ['1b'] }),
    ]);
    const found = (prompt: string) => matchFact(one, prompt, []);
    expect(found('Capital of Chad:')).toMatchObject({ words: 'seen', phrasing: '0' });
    expect(found('The name of the capital of Chad:')).toMatchObject({ words: 'held-back', phrasing: '1b' });
    expect(found('{v} of Chad:')).toBeUndefined();
  });

  it('prefers the longer name, and whole words', () => {
    expect(match('The capital of Guinea-Bissau is')?.[0]).toBe('c3');
    expect(findName('Francestown', 'France')).toBeUndefined();
    expect(findName('法国的首都是', '法国')).toEqual([0, 2]);
  });
});

describe('asking the ledger', () => {
  it('offers other subjects of the relation, always the same ones', () => {
    const others = otherSubjects(ledger, ledger.facts[0]!, 20);
    expect([...others].sort()).toEqual(['Guinea', 'Guinea-Bissau', 'Zoria', 'the Netherlands']);
    expect(otherSubjects(ledger, ledger.facts[0]!, 2)).toEqual(others.slice(0, 2));
    const animal = (id: string, slots?: Record<string, string>) => fact(id, 'sound', id, id, slots ? { slots } : {});
    const animals = sampleLedger({}, [animal('wolf', { ps: 'wolves' }), animal('cow', { ps: 'cows' }), animal('moss')]);
    expect(otherSubjects(animals, animals.facts[0]!, 9, 'Wolves')).toEqual(['cows']);
    expect(otherSubjects(animals, animals.facts[0]!, 9, 'wolf').toSorted()).toEqual(['cow', 'moss']);
  });

  it('offers subjects of any relation for one it does not know, but never that one itself', () => {
    const all = new Set(ledger.facts.map(({ subject }) => subject));
    const others = anySubjects(ledger, 'the netherlands', 100);
    expect(new Set(others)).toEqual(new Set([...all].filter((name) => name !== 'the Netherlands')));
    expect(anySubjects(ledger, 'Apple', 2)).toHaveLength(2);
  });

  it('sorts facts into kinds', () => {
    expect(kindsOf(ledger.facts[0]!)).toEqual(['often']);
    expect(kindsOf(ledger.facts[2]!)).toEqual(['rare']);
    expect(kindsOf(ledger.facts[4]!)).toEqual(['withheld', 'fictional']);
  });

  it('finds by text, kind and relation together', () => {
    const ids = (filter: Parameters<typeof search>[1]) => search(ledger, filter).map((one) => one.id);
    expect(ids({ text: 'paris', kind: undefined, relation: undefined })).toEqual(['c1']);
    expect(ids({ text: 'france', kind: undefined, relation: 'language' })).toEqual(['l1']);
    expect(ids({ text: '', kind: 'rare', relation: 'capital' })).toEqual(['c3']);
  });

  it('begins with the reader’s language, and with what was taught', () => {
    const of = (id: string, language: string, more: Partial<LedgerFact> = {}) => sampleFact({ id, language, ...more });
    const never = { stage: 'never', exposures: 0 } as const;
    const facts = [of('z', 'zh'), of('n', 'en', never), of('f', 'fr'), of('e', 'en'), of('g', 'en')];
    const ids = (language: string) => inReadingOrder(facts, language).map(({ id }) => id);
    expect(ids('en')).toEqual(['e', 'g', 'n', 'z', 'f']);
    expect(ids('zh')).toEqual(['z', 'e', 'g', 'n', 'f']);
    expect(ids('de')).toEqual(['e', 'g', 'n', 'z', 'f']);
  });

  it('refuses what is not a ledger', () => {
    for (const data of [null, [], { version: 1, facts: [], relations: {} }, { version: 3 }])
      expect(() => parseLedger(data)).toThrow();
  });
});
