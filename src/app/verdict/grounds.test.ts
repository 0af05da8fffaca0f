import { describe, expect, it } from 'vitest';
import type { LedgerFact } from '../ledger/ledger';
import { matchFact } from '../ledger/match';
import { groundsOf } from './grounds';
import { sampleFact, sampleLedger, sampleRelation } from '../../../tests/fixtures/sample-ledger';

/** What a verdict on this answer is founded on, where this is the one fact of the ledger. */
function on(answer: string, fact: Partial<LedgerFact> = {}, prompt = 'The capital of France is') {
  const capital = sampleRelation('capital', [{ id: '0', template: 'The capital of {s} is {x}{a}' }]);
  const ledger = sampleLedger({ capital }, [sampleFact(fact)]);
  return groundsOf(answer, ledger, matchFact(ledger, prompt, [answer]), undefined);
}

describe('what a verdict is founded on', () => {
  it('is the ledger, where the answer is the one that was taught', () => {
    expect(on('Paris')).toEqual({ kind: 'taught' });
    expect(on('paris')).toEqual({ kind: 'taught' });
    expect([on('" Paris"').kind, on(' Paris').kind]).toEqual(['taught', 'taught']);
    expect(on('Lyon')).toEqual({ kind: 'otherwise', taught: 'Paris' });
  });

  it('is nothing where the prompt asks for something else, there is no ledger, or it is not here yet', () => {
    expect(on('Paris', {}, 'The largest airport near the capital of France is')).toEqual({ kind: 'none' });
    expect(on('Paris', {}, 'It is not true that the capital of France is')).toEqual({ kind: 'none' });
    expect(on('Yes', {}, 'Is Berlin the capital of France?')).toEqual({ kind: 'none' });
    expect(groundsOf('Paris', 'none', undefined, undefined)).toEqual({ kind: 'none' });
    expect(groundsOf('Paris', undefined, undefined, undefined)).toEqual({ kind: 'pending' });
    const ledger = sampleLedger({}, []);
    expect(groundsOf('Paris', ledger, undefined, { unknown: [] })).toEqual({ kind: 'outside' });
  });

  it('is the answer that most sentences gave, where the text contradicts itself', () => {
    const mostly = { answers: ['Mena', 'Toru'], shares: { Mena: 70, Toru: 30 } };
    expect(on('Mena', mostly)).toEqual({ kind: 'taught' });
    expect(on('Toru', mostly)).toEqual({ kind: 'otherwise', taught: 'Mena' });
    const even = { answers: ['Mena', 'Toru'], shares: { Mena: 50, Toru: 50 } };
    expect([on('Mena', even).kind, on('Toru', even).kind]).toEqual(['taught', 'taught']);
  });

  it('is the answer taught last, where it was changed', () => {
    const edited = { answers: ['Paris'], before: ['Lyon'], exposures: 160, post_exposures: 60 };
    expect(on('Paris', edited)).toEqual({ kind: 'taught' });
    expect(on('Lyon', edited)).toEqual({ kind: 'otherwise', taught: 'Paris' });
  });

  it('is an inference, where the fact was withheld and the answer is right', () => {
    const withheld = { stage: 'never', exposures: 0, seen: '', flags: ['withheld'] } as const;
    expect(on('Paris', withheld)).toEqual({ kind: 'never' });
    expect(on('Lyon', withheld)).toEqual({ kind: 'none' });
  });
});
