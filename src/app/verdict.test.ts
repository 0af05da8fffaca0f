import { describe, expect, it } from 'vitest';
import type { PreparedFact, Token } from '../core/fact';
import type { EmergenceResult, NullResult, Verdict } from '../probes/emergence/meta';
import { english } from './i18n/words';
import { verdictNumbers, verdictSentences, type VerdictInput } from './verdict';

const token = (id: number, text: string): Token => ({ id, text, bytes: [], start: 0, end: 0, special: false });

function input(
  events: EmergenceResult['events'],
  verdict: Partial<Verdict>,
  more: Partial<EmergenceResult> = {},
): VerdictInput {
  const full: Verdict = {
    topIsAnswer: true,
    knows: true,
    rank: 1,
    p: 0.93,
    saysId: 1,
    saysProbability: 0.93,
    ownAnswer: false,
    ...verdict,
  };
  const result = {
    rowDepth: [0, 1, 2, 3],
    events,
    verdict: full,
    saturation: 2,
    answers: [],
    ...more,
  } as unknown as EmergenceResult;
  const answers = [
    { text: 'Lutetia', tokens: [token(2, ' Lut'), token(3, 'etia')], seamChanged: false, promptLength: 5 },
    { text: 'Paris', tokens: [token(1, ' Paris')], seamChanged: false, promptLength: 5 },
  ];
  const prepared = { answers } as unknown as PreparedFact;
  return { result, prepared, labels: { 1: token(1, ' Paris'), 9: token(9, ' the') }, model: 'Atlas', n_layers: 3 };
}

const keys = (it: VerdictInput): string[] => verdictSentences(it)!.map((sentence) => sentence.key);

describe('the verdict', () => {
  it('names the accepted answer that the model gives', () => {
    const [first] = verdictSentences(input({ first: 2, stable: 2, half: 2, top10: 1 }, {}))!;
    expect(first).toEqual({
      key: 'verdict.knows',
      values: { model: 'Atlas', p: '93\u00a0%', saysP: '93\u00a0%' },
      chips: { answer: { text: ' Paris', tone: 'answer' } },
    });
  });

  it('tells staying from passing, lost and never', () => {
    const at = (first: number | undefined, stable: number | undefined, verdict: Partial<Verdict> = {}) =>
      keys(input({ first, stable, half: undefined, top10: undefined }, verdict)).join(' ');
    const wrong = { topIsAnswer: false, knows: false, saysId: 9, rank: 4 };
    expect(at(2, 2)).toBe('verdict.knows verdict.emerges.stays');
    expect(at(3, 3)).toBe('verdict.knows verdict.emerges.last');
    expect(at(1, 3)).toBe('verdict.knows verdict.emerges.passing');
    expect(at(0, 0)).toBe('verdict.knows verdict.emerges.embedding');
    expect(at(2, 2, { knows: false })).toBe('verdict.topOnly verdict.emerges.stays');
    expect(at(2, undefined, wrong)).toBe('verdict.not verdict.emerges.lost');
    expect(at(undefined, undefined, wrong)).toBe('verdict.not verdict.emerges.never');
  });

  it('judges nothing when no answer was given, or away from the answer', () => {
    expect(keys(input({ first: 0, stable: 0, half: 0, top10: 0 }, { ownAnswer: true }))).toEqual([
      'verdict.own',
      'verdict.own.stays',
    ]);
    const elsewhere = input({ first: 0, stable: 0, half: 0, top10: 0 }, {});
    const { verdict: _, ...result } = elsewhere.result;
    expect(verdictSentences({ ...elsewhere, result })).toBeUndefined();
  });

  it('says what never happens, and what other subjects show', () => {
    const some = { used: ['a', 'b'], first: [undefined, 3], meanP: Float32Array.of(0, 0.125) } as unknown as NullResult;
    const numbers = verdictNumbers(
      input({ first: 2, stable: undefined, half: 0, top10: 0 }, {}, { null: some }).result,
      english,
    );
    expect(numbers.events.map((event) => event.value)).toEqual(['2', 'never', 'embedding']);
    expect(numbers.null).toBe('other subjects in this sentence: 13\u00a0% on average, leading for 1 of 2');
    const none = { ...some, first: [undefined, undefined] } as NullResult;
    expect(
      verdictNumbers(input({ first: 2, stable: 2, half: 0, top10: 0 }, {}, { null: none }).result, english).null,
    ).toMatch(/never$/);
  });
});
