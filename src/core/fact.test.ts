import { describe, expect, it } from 'vitest';
import {
  answerIds,
  bareAnswer,
  factOf,
  fieldsOf,
  foilId,
  leftOut,
  parseAnswers,
  typedAnswer,
  type AnswerTokens,
  type PreparedFact,
  type Token,
} from './fact';

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

describe('what is typed as an answer', () => {
  it('is split at its marks, without what is blank', () => {
    expect(parseAnswers('a|b')).toEqual(['a', 'b']);
    expect(parseAnswers('a| b |')).toEqual(['a', ' b']);
    expect(parseAnswers('Paris | Lyon')).toEqual(['Paris', 'Lyon']);
    expect(parseAnswers(' | | ')).toEqual([]);
    expect(parseAnswers('')).toEqual([]);
  });

  it('keeps the space in front and the quotes that say how it joins', () => {
    expect(parseAnswers(' Paris|"5"|“ 6”')).toEqual([' Paris', '"5"', '“ 6”']);
    expect(parseAnswers('"a|b"|c')).toEqual(['"a|b"', 'c']);
    expect(parseAnswers('say "a"|b')).toEqual(['say "a"', 'b']);
    expect(parseAnswers('"|b')).toEqual(['"', 'b']);
    expect(typedAnswer(' Paris ')).toEqual({ text: ' Paris', exact: true });
    expect(typedAnswer('Paris ')).toEqual({ text: 'Paris', exact: false });
    expect(typedAnswer('"5"')).toEqual({ text: '5', exact: true });
    expect(typedAnswer('""hello""')).toEqual({ text: '"hello"', exact: true });
    expect(typedAnswer('""')).toEqual({ text: '""', exact: false });
    expect([' Paris', '"5"', '“ 6”'].map(bareAnswer)).toEqual(['Paris', '5', '6']);
  });

  it('is read back as it was typed', () => {
    const fields = { prompt: 'It costs $', answer: ' a|"5"|b', foil: ' 6' };
    expect(fieldsOf(factOf(fields))).toEqual(fields);
    expect(factOf({ ...fields, foil: '  ' }).foil).toBeUndefined();
  });
});
