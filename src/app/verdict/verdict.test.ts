import { describe, expect, it } from 'vitest';
import type { PreparedFact, Token } from '../../core/fact';
import type { AnswerScore, EmergenceResult, NullResult, Verdict } from '../../probes/emergence/meta';
import { english } from '../i18n/messages';
import type { Grounds } from './grounds';
import { nullSentence, verdictNumbers, verdictSentences, type Sentence, type VerdictInput } from './verdict';

const encoder = new TextEncoder();
const token = (id: number, text: string, bytes = [...encoder.encode(text)]): Token => ({
  id,
  text,
  bytes,
  start: 0,
  end: 0,
  special: false,
});

const ADDIS = [token(2, ' Ad'), token(3, 'dis'), token(4, ' Ababa')];
const PARIS = [token(1, ' Paris')];
/** One letter in two tokens. */
const BEH = [token(5, '⟨D8⟩', [0xd8]), token(6, '⟨A8⟩', [0xa8])];

const score = (text: string, tokens: readonly Token[], tokenProbs: number[], tokenRanks: number[]): AnswerScore => ({
  text,
  tokenIds: tokens.map(({ id }) => id),
  tokenProbs,
  probability: tokenProbs.reduce((product, p) => product * p, 1),
  tokenRanks,
});

function input(
  events: Partial<EmergenceResult['events']>,
  verdict: Partial<Verdict> = {},
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
    answers: [score('Paris', PARIS, [0.93], [1])],
    ...more,
  } as unknown as EmergenceResult;
  const answers = [
    { text: 'Addis Ababa', tokens: ADDIS, seamChanged: false, promptLength: 5 },
    { text: 'Paris', tokens: PARIS, seamChanged: false, promptLength: 5 },
    { text: 'ب', tokens: BEH, seamChanged: false, promptLength: 5 },
  ].filter(({ text }) => result.answers.length === 0 || result.answers.some((one) => one.text === text));
  const prepared = { tokens: [], answers } as unknown as PreparedFact;
  const labels = { 1: PARIS[0]!, 2: ADDIS[0]!, 9: token(9, ' the') };
  return { result, prepared, labels, model: 'Atlas', n_layers: 3, grounds: () => ({ kind: 'taught' }) };
}

const on = (grounds: Grounds, verdict: Partial<Verdict> = {}): VerdictInput => ({
  ...input({ first: 2, stable: 2 }, verdict),
  grounds: () => grounds,
});

/** As a person reads it. */
const read = ({ key, values, chips }: Sentence): string =>
  english
    .pieces(key, values)
    .map((piece) => ('text' in piece ? piece.text : chips[piece.slot]!.text))
    .join('')
    .replaceAll('\u00a0', ' ');

const said = (it: VerdictInput): string => verdictSentences(it, english)!.map(read).join(' ');
const keys = (it: VerdictInput): string[] => verdictSentences(it, english)!.map((sentence) => sentence.key);
const WRONG = { topIsAnswer: false, knows: false, saysId: 9, saysProbability: 0.5, rank: 4, p: 0.02 };

describe('the verdict', () => {
  it('gives rank, probability, first and stable in its sentences', () => {
    expect(said(input({ first: 2, stable: 2 }))).toBe(
      'Atlas knows this: it answers  Paris with 93 % (rank 1). After layer 2 of 3 it would already say so, and it stays.',
    );
    expect(said(input({}, WRONG, { answers: [score('Paris', PARIS, [0.02], [4])] }))).toBe(
      'Atlas does not say  Paris (rank 4, 2 %): it would write  the (50 %). In none of the 3 layers does the answer lead.',
    );
  });

  it('tells the first token from the whole answer', () => {
    const whole = [score('Addis Ababa', ADDIS, [0.8, 0.5, 0.5], [1, 1, 1])];
    expect(said(input({ first: 3, stable: 3 }, { saysId: 2, p: 0.8 }, { answers: whole }))).toBe(
      'Atlas knows this: it answers  Addis Ababa with 20 % (its first token  Ad: rank 1, 80 %). ' +
        'Only the last of its 3 layers brings the first token to the top.',
    );
    const begun = [score('Addis Ababa', ADDIS, [0.8, 0.5, 0.25], [1, 1, 2])];
    const begins = input({ first: 1, stable: 1 }, { saysId: 2, knows: false, p: 0.8 }, { answers: begun });
    expect(said(begins)).toBe(
      'Atlas begins with  Ad (rank 1, 80 %), but would not write all of  Addis Ababa (10 %). ' +
        'Its first token leads after layer 1 of 3, and stays.',
    );
    expect(verdictNumbers(begins, english).whole).toMatch(/10/);
    const missed = [score('Addis Ababa', ADDIS, [0.02, 0.5, 0.5], [4, 1, 1])];
    expect(said(input({}, WRONG, { answers: missed }))).toMatch(
      /^Atlas does not say {2}Addis Ababa \(its first token {2}Ad: rank 4, 2 %\): it would write {2}the \(50 %\)\./,
    );
  });

  it('does not speak of the end of an answer that could not be read', () => {
    const cut = input({ first: 1, stable: 1 }, { saysId: 2, knows: false, saysProbability: 0.8 }, { answers: [] });
    expect(keys(cut)[0]).toBe('verdict.topOnly.unread');
    expect(verdictNumbers(cut, english).whole).toBeUndefined();
  });

  it('writes an answer as text where its tokens are parts of characters', () => {
    const begins = input({}, { saysId: 5, knows: false }, { answers: [score('ب', BEH, [0.8, 0.5], [1, 2])] });
    expect(said(begins)).toMatch(/^Atlas begins with ⟨D8⟩ .* would not write all of ب \(40 %\)/);
  });

  it('of several accepted answers speaks of the one that is written, else of the best placed', () => {
    const both = (ranks: number[], probability: number) => [
      score('Addis Ababa', ADDIS, [0.1, 1, 1], [7, 1, 1]),
      score('Paris', PARIS, [probability], ranks),
    ];
    expect(said(input({}, { p: 0.7 }, { answers: both([1], 0.6) }))).toContain('answers  Paris with 60 %');
    expect(said(input({}, WRONG, { answers: both([4], 0.01) }))).toContain('does not say  Paris (rank 4, 1 %)');
    expect(said(input({}, WRONG, { answers: both([40], 0.01) }))).toContain('first token  Ad: rank 7, 10 %');
    const far = [score('Paris', PARIS, [0.001], [1219])];
    expect(said(input({}, WRONG, { answers: far }))).toContain('rank 1,219');
  });

  it('tells staying from passing, lost and never', () => {
    const at = (first: number | undefined, stable: number | undefined, verdict: Partial<Verdict> = {}) =>
      keys(input({ first, stable }, verdict)).join(' ');
    expect(at(2, 2)).toBe('verdict.knows verdict.emerges.stays');
    expect(at(3, 3)).toBe('verdict.knows verdict.emerges.last');
    expect(at(1, 3)).toBe('verdict.knows verdict.emerges.passing');
    expect(at(0, 0)).toBe('verdict.knows verdict.emerges.embedding');
    expect(at(2, undefined, WRONG)).toBe('verdict.not verdict.emerges.lost');
    expect(at(undefined, undefined, WRONG)).toBe('verdict.not verdict.emerges.never');
  });

  it('says that it knows only where a source says what is right', () => {
    const begin = (grounds: Grounds): string => said(on(grounds)).split(':')[0]!;
    expect(begin({ kind: 'taught' })).toBe('Atlas knows this');
    expect(begin({ kind: 'none' })).toBe('Atlas says so too');
    expect(begin({ kind: 'pending' })).toMatch(/^Atlas answers {2}Paris with 93 %/);
    expect(begin({ kind: 'otherwise', taught: 'Lyon' })).toBe('Atlas says so too, but was taught “Lyon”');
    expect(begin({ kind: 'never' })).toBe('Atlas was never taught this and infers it');
  });

  it('says what was taught where it says something else', () => {
    const begin = (grounds: Grounds): string => said(on(grounds, WRONG)).split(':')[0]!;
    expect(begin({ kind: 'taught' })).toMatch(/^Atlas does not say {2}Paris/);
    expect(begin({ kind: 'none' })).toMatch(/^Atlas does not say {2}Paris/);
    expect(begin({ kind: 'otherwise', taught: 'Lyon' })).toMatch(/^Atlas was taught “Lyon” and does not say {2}Paris/);
    expect(begin({ kind: 'never' })).toMatch(/^Atlas was never taught this and does not say {2}Paris/);
  });

  it('shows no percentage as if it were confidence outside of what was taught', () => {
    for (const verdict of [{}, WRONG, { ownAnswer: true }]) {
      const text = said(on({ kind: 'outside' }, verdict));
      expect(text).toMatch(/^This lies outside what Atlas was taught: it would write {2}.*, but that is a guess\.$/);
      expect(text).not.toContain('%');
    }
  });

  it('does not call the last layer settled', () => {
    const late = { ...input({}, { ownAnswer: true }, { saturation: 3 }) };
    expect(said(late)).toMatch(/Only its last layer settles that\.$/);
  });

  it('judges nothing when no answer was given, or away from the answer', () => {
    const own = input({ first: 0, stable: 0, half: 0, top10: 0 }, { ownAnswer: true });
    expect(keys(own)).toEqual(['verdict.own', 'verdict.own.stays']);
    expect(nullSentence(own.result, 'no-subject', english)).toBeUndefined();
    const { verdict: _, ...result } = own.result;
    expect(verdictSentences({ ...own, result }, english)).toBeUndefined();
  });

  it('numbers events, also those that never happen, and their relative depths', () => {
    const numbers = verdictNumbers(input({ first: 2, stable: undefined, half: 0 }), english);
    // Half of what does not lead at the end is no event, though files have it.
    expect(numbers.events.map((event) => event.value)).toEqual(['2', 'never', '–']);
    const leads = verdictNumbers(input({ first: 2, stable: 3, half: 0 }), english);
    expect(leads.events.map((event) => event.value)).toEqual(['2', '3', 'embedding']);
    expect(numbers.p).toBe('= 93\u00a0%');
    expect(verdictNumbers(input({}, { p: 1e-6 }), english).p).toBe('<\u00a00.01\u00a0%');
    expect(numbers.depths).toBe('0.67 / – / –');
    expect(leads.depths).toBe('0.67 / 1.00 / 0.00');
  });

  it('says what other subjects show, or why that is not known', () => {
    const some = { used: ['a', 'b'], first: [undefined, 3], meanP: Float32Array.of(0, 0.125) } as unknown as NullResult;
    const against = (null_: NullResult | undefined, status: Parameters<typeof nullSentence>[1] = 'known') =>
      nullSentence(input({}, {}, null_ ? { null: null_ } : {}).result, status, english)?.replaceAll('\u00a0', ' ');
    expect(against(some)).toBe('With other subjects in this sentence the answer leads for 1 of 2 (13 % on average).');
    expect(against({ ...some, first: [undefined, undefined] })).toMatch(/^With 2 other .* never leads \(13 %/);
    expect(against({ ...some, used: ['a'], first: [3] })).toMatch(/^With another subject .* leads as well/);
    expect(against({ ...some, used: [], first: [] })).toMatch(/none are known/);
    expect(against(undefined, 'no-names')).toMatch(/none are known/);
    expect(against(undefined, 'no-subject')).toMatch(/no subject is marked/);
    expect([against(undefined, 'pending'), against(undefined, 'unknown')]).toEqual([undefined, undefined]);
  });
});
