import { describe, expect, it } from 'vitest';
import { answer, lensTable, prepared, smallInfo, trace } from '../../../tests/fixtures/probe-input.ts';
import type { PreparedFact } from '../../core/fact';
import { parseOptions } from '../../core/options';
import { meta, type EmergenceOptions } from './meta';
import { planEmergence, withSubject, type EmergenceInput } from './plan';
import { read, saturationRow, specsOf } from './run';
import type { Trace } from '../../core/run';

const spread = (top: Record<number, number>): number[] => Array.from({ length: 8 }, (_, id) => top[id] ?? 0.001 * id);

function inputOf(fact: PreparedFact, options: Partial<EmergenceOptions> = {}, related: PreparedFact[] = []) {
  return {
    info: smallInfo(),
    prepared: fact,
    options: { ...parseOptions(meta.options, undefined), ...options },
    related,
  };
}

const plan = (input: EmergenceInput) => specsOf(planEmergence(input));
const compute = (input: EmergenceInput, traces: readonly Trace[]) => read(input, planEmergence(input), traces);

describe('emergence: the answer’s column', () => {
  const fact = prepared([0, 1, 2], { foil: answer('f', [3], 3) });
  const input = inputOf(fact);
  const column = lensTable(
    [
      [spread({ 3: 0.5, 5: 0.1 })],
      [spread({ 5: 0.5, 3: 0.25 })],
      [spread({ 3: 0.4, 5: 0.2 })],
      [spread({ 5: 0.8, 3: 0.1 })],
    ],
    [2],
    [5, 3],
    8,
  );
  const result = compute(input, [trace(plan(input)[0]!, { lens: column })]);

  it('follows p, rank and foil through the rows', () => {
    expect([...result.p].map((p) => Number(p.toFixed(6)))).toEqual([0.1, 0.5, 0.2, 0.8]);
    expect([...result.rank]).toEqual([2, 1, 2, 1]);
    expect([...result.foilRank!]).toEqual([1, 2, 1, 2]);
    // logit differences are log-probability ratios: ln(0.1/0.5), ln(0.5/0.25), ln(0.2/0.4), ln(0.8/0.1)
    const expected = [-1.609438, 0.693147, -0.693147, 2.079442];
    result.logitDiff!.forEach((difference, row) => expect(difference).toBeCloseTo(expected[row]!, 5));
  });

  it('tells first from stable, and names the saturation of the model’s own token', () => {
    expect(result.events).toEqual({ first: 1, stable: 3, half: 1, top10: 0 });
    expect(result.saturation).toBe(3);
  });

  it('gives the verdict of this prompt', () => {
    expect(result.verdict).toMatchObject({ topIsAnswer: true, knows: true, rank: 1, saysId: 5, ownAnswer: false });
    expect(result.verdict!.p).toBeCloseTo(0.8, 6);
  });

  it('speaks of no verdict at another column', () => {
    const other = inputOf(fact, { position: 0 });
    const [spec, ...more] = plan(other);
    expect(more).toEqual([]);
    const table = lensTable([[spread({ 1: 0.9 })]], [0], [5, 3], 8);
    const elsewhere = compute(other, [trace(spec!, { lens: table })]);
    expect(elsewhere).toMatchObject({ position: 0, atAnswer: false, answers: [] });
    expect(elsewhere.verdict).toBeUndefined();
  });

  it('refuses a column outside the prompt', () => {
    expect(() => plan(inputOf(fact, { position: 3 }))).toThrowError(/position 3 .* 3 tokens/);
    expect(() => plan(inputOf(fact, { position: -4 }))).toThrowError(/position -4/);
  });
});

describe('emergence: an answer of several tokens', () => {
  const fact = prepared([0, 1, 2], { answers: [answer('ab', [5, 6], 3)] });
  const input = inputOf(fact);

  it('runs the answer after the prompt, without its last token', () => {
    const [, forced] = plan(input);
    expect(forced).toMatchObject({ tokens: [0, 1, 2, 5], lens: { positions: [2, 3], targets: [5, 6] } });
  });

  it('multiplies along the answer, and knows it only when every token leads', () => {
    const [columnSpec, forcedSpec] = plan(input);
    const first = spread({ 5: 0.6 });
    const column = lensTable([[first], [first]], [2], [5], 8);
    const run = (second: number[]) =>
      compute(input, [
        trace(columnSpec!, { lens: column }),
        trace(forcedSpec!, {
          lens: lensTable(
            [
              [first, second],
              [first, second],
            ],
            [2, 3],
            [5, 6],
            1,
          ),
        }),
      ]);
    const good = run(spread({ 6: 0.5 }));
    expect(good.answers[0]!.probability).toBeCloseTo(0.3, 6);
    expect(good.answers[0]!.tokenRanks).toEqual([1, 1]);
    expect(good.verdict!.knows).toBe(true);
    const half = run(spread({ 7: 0.5, 6: 0.25 }));
    expect(half.answers[0]!.probability).toBeCloseTo(0.15, 6);
    expect(half.verdict).toMatchObject({ topIsAnswer: true, knows: false });
  });

  it('leaves out what does not fit the context or joins elsewhere, and says so', () => {
    const long = prepared([0, 1, 2], {
      answers: [
        answer(
          'long',
          Array.from({ length: 15 }, () => 5),
          3,
        ),
        { ...answer('seam', [6], 2), seamChanged: true },
      ],
    });
    const wide = inputOf(long);
    expect(plan(wide)).toHaveLength(1);
    const table = lensTable([[spread({ 5: 0.6 })]], [2], [5], 8);
    const result = compute(wide, [trace(plan(wide)[0]!, { lens: table })]);
    expect(result.answers).toEqual([]);
    expect(result.answersLeftOut).toEqual([
      { text: 'long', reason: 'too-long' },
      { text: 'seam', reason: 'seam' },
    ]);
  });
});

describe('emergence: the null', () => {
  const options = { null: ['Spain', 'same', 'Spain', ' ', 'Peru', 'huge'] };
  const others = [
    [0, 3, 2],
    [0, 1, 2],
    [0, 3, 2],
    [0, 2],
    [0, 4, 4, 2],
    [0, 6, 6, 6],
  ].map((ids, index) => prepared(ids, index === 5 ? { tokensOver: 2 } : {}));
  const fact = prepared([0, 1, 2]);
  const input = inputOf(fact, options, others);

  it('puts the subject in place', () => {
    const changed = withSubject({ prompt: 'The capital of France is', answers: [], subject: [15, 21] }, 'New Zealand');
    expect(changed.prompt).toBe('The capital of New Zealand is');
    expect(changed.prompt.slice(...changed.subject!)).toBe('New Zealand');
  });

  it('skips subjects that change nothing, repeat, are blank or do not fit', () => {
    const { null: runs, skipped } = planEmergence(input);
    expect(runs.map((run) => run.subject)).toEqual(['Spain', 'Peru']);
    expect(skipped).toEqual([
      { subject: 'same', reason: 'unchanged' },
      { subject: 'Spain', reason: 'duplicate' },
      { subject: ' ', reason: 'empty' },
      { subject: 'huge', reason: 'too-long' },
    ]);
    expect(runs[1]!.spec.lens).toMatchObject({ positions: [3], targets: [5] });
  });

  it('averages p(answer) by row and keeps each subject’s own first and stable', () => {
    const specs = plan(input);
    const rows = (values: number[], position: number) =>
      lensTable(
        values.map((p) => [spread({ 5: p, 1: 0.3 })]),
        [position],
        [5],
        1,
      );
    const result = compute(input, [
      trace(specs[0]!, {
        lens: lensTable(
          [0.1, 0.8, 0.9].map((p) => [spread({ 5: p, 1: 0.3 })]),
          [2],
          [5],
          8,
        ),
      }),
      trace(specs[1]!, { lens: rows([0.1, 0.5, 0.6], 2) }),
      trace(specs[2]!, { lens: rows([0.1, 0.1, 0.2], 3) }),
    ]);
    expect([...result.null!.meanP].map((p) => Number(p.toFixed(6)))).toEqual([0.1, 0.3, 0.4]);
    expect([...result.null!.leadShare]).toEqual([0, 0.5, 0.5]);
    expect(result.null!.first).toEqual([1, undefined]);
    expect(result.null!.stable).toEqual([1, undefined]);
    expect(result.null!.used).toEqual(['Spain', 'Peru']);
  });
});

describe('saturation', () => {
  it('is the start of the last unbroken run', () => {
    expect(saturationRow([4, 7, 4, 7, 7])).toBe(3);
    expect(saturationRow([7, 7])).toBe(0);
  });
});
