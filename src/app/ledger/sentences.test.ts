import { describe, expect, it } from 'vitest';
import { english } from '../i18n/messages';
import type { LedgerFact } from './ledger';
import type { Match } from './match';
import { ledgerSentences } from './sentences';
import { taughtIn } from '../../../tests/fixtures/sample-ledger';

function say(fact: Partial<LedgerFact>, words: Match['words'] = 'seen', ...answers: string[]): string {
  const full = {
    answers: ['Paris'],
    flags: [],
    seen: taughtIn(0, 1),
    exposures: 412,
    stage: 'pre',
    ...fact,
  } as unknown as LedgerFact;
  return ledgerSentences({ fact: full, words, asks: true, subject: [0, 1] }, answers, english).join(' ');
}

describe('what a model was taught', () => {
  it('says how often, in how many phrasings, and whether in these words', () => {
    expect(say({})).toBe('Taught 412 times in 2 phrasings, this is one of them.');
    expect(say({ seen: taughtIn(0) }, 'held-back')).toBe(
      'Taught 412 times in 1 phrasing, this phrasing was held back.',
    );
    expect(say({ exposures: 1 }, 'other')).toBe('Taught once, not in these words.');
  });

  it('never adds up how often two answers were taught', () => {
    const both = say({ exposures: 100, shares: { Mena: 70, Toru: 30 }, answers: ['Mena', 'Toru'] });
    expect(both).toBe(
      'Taught in 2 phrasings, this is one of them. Taught with contradictions: Mena 70 times, Toru 30 times.',
    );
    const edited = say({ exposures: 160, post_exposures: 60, before: ['Lyon'] });
    expect(edited).toMatch(/^Taught 60 times in 2 phrasings.* Taught first as Lyon, then changed\.$/);
  });

  it('says where the words are others, in capitals or not', () => {
    expect(say({}, 'recased')).toMatch(/this is one of them but for its capital or small letters\.$/);
  });

  it('says what was taught where another answer is typed', () => {
    expect(say({}, 'seen', 'Lyon')).toMatch(/The answer taught is Paris\.$/);
    for (const typed of ['paris', 'Rome']) {
      expect(say({ shares: { Paris: 3, Rome: 1 } }, 'seen', 'Oslo', typed)).not.toMatch(/The answer taught/);
    }
  });

  it('says when it was not taught, or taught in an unusual way', () => {
    expect(say({ stage: 'never', exposures: 0 })).toMatch(/^Never taught/);
    expect(say({ shares: { Mena: 50, Toru: 50 } })).toMatch(/contradictions: Mena 50 times, Toru 50 times\.$/);
    expect(say({ before: ['Toru'], stage: 'post' })).toMatch(/first as Toru, then changed\.$/);
    expect(say({ flags: ['late', 'fictional'] })).toMatch(/last part of training\. Invented/);
    expect(say({ flags: ['two-hop', 'composition-withheld'] })).toMatch(/never put together/);
  });
});
