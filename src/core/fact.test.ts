import { describe, expect, it } from 'vitest';
import { answerIds, foilId, leftOut, type AnswerTokens, type PreparedFact, type Token } from './fact';

const answer = (text: string, ids: readonly number[], promptLength: number): AnswerTokens => ({
  text,
  tokens: ids.map((id) => ({ id, text: '', bytes: [], start: 0, end: 0, special: false })),
  seamChanged: promptLength < 3,
  promptLength,
});

const prepared = (answers: readonly AnswerTokens[], foil?: AnswerTokens): PreparedFact => ({
  fact: { prompt: 'a b c', answers: answers.map(({ text }) => text) },
  tokens: [0, 1, 2].map((id): Token => ({ id, text: '', bytes: [], start: 0, end: 0, special: false })),
  answers,
  ...(foil ? { foil } : {}),
  subjectPositions: [],
  tokensOver: 0,
});

describe('what is left out of a fact', () => {
  it('names answers and a foil that join the prompt elsewhere, and agrees with what is looked at', () => {
    const fact = prepared([answer('x', [5], 3), answer('seam', [6], 2)], answer('foil', [7], 2));
    expect(leftOut(fact, 128)).toEqual([
      { text: 'seam', role: 'answer', reason: 'seam' },
      { text: 'foil', role: 'foil', reason: 'seam' },
    ]);
    expect([answerIds(fact), foilId(fact)]).toEqual([[5], undefined]);
  });

  it('is silent where all of it is looked at', () => {
    expect(leftOut(prepared([answer('x', [5, 6], 2), answer('y', [7], 2)], answer('foil', [7], 2)), 128)).toEqual([]);
  });

  it('names an answer whose end does not fit, counting that its last token is never read', () => {
    const fact = prepared([answer('x', [5, 6, 7], 3)]);
    expect(leftOut(fact, 5)).toEqual([]);
    expect(leftOut(fact, 4)).toEqual([{ text: 'x', role: 'answer', reason: 'too-long' }]);
  });
});
