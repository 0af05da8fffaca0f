import { describe, expect, it } from 'vitest';
import type { VerdictInput } from './verdict';
import { recasedAnswer } from './recased';

/** The model says this where that is expected. */
function said(says: string, answers: readonly string[], verdict: object = {}) {
  const input = {
    result: { verdict: { saysId: 1, ownAnswer: false, topIsAnswer: false, ...verdict } },
    prepared: { fact: { prompt: '', answers } },
    labels: { 1: { text: says } },
  } as unknown as VerdictInput;
  const found = recasedAnswer(input);
  return found && [found.form, found.answer];
}

describe('an answer in other letters', () => {
  it('is offered as the model writes it', () => {
    expect(said(' Berlin', ['berlin'])).toEqual(['Berlin', 'berlin|Berlin']);
    expect(said(' Berlin', ['BERLIN'])).toEqual(['Berlin', 'BERLIN|Berlin']);
    expect(said(' cold', ['hot', 'Cold'])).toEqual(['cold', 'hot|Cold|cold']);
    expect(said(' Ad', ['addis ababa'])).toEqual(['Addis Ababa', 'addis ababa|Addis Ababa']);
    expect(said(' Öst', ['österreich'])).toEqual(['Österreich', 'österreich|Österreich']);
    expect(said(' NASA', ['nasa'])).toEqual(['NASA', 'nasa|NASA']);
  });

  it('is not seen where another word is written, or the same', () => {
    expect(said(' Paris', ['berlin'])).toBeUndefined();
    expect(said(' Berlin', ['Berlin'])).toBeUndefined();
    expect(said(' Berlin', ['berlin', 'Berlin'])).toBeUndefined();
    expect(said(' ', ['berlin'])).toBeUndefined();
    expect(said(' Berlin', ['berlin'], { topIsAnswer: true })).toBeUndefined();
    expect(said(' Berlin', ['berlin'], { ownAnswer: true })).toBeUndefined();
  });
});
