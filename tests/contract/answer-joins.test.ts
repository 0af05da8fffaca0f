import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact, PreparedFact } from '../../src/core/fact.ts';
import type { EmergenceResult } from '../../src/probes/emergence/meta.ts';
import { createModelApi } from '../../src/worker/in-thread-api.ts';
import { nodeDeps, zooRequest } from './in-thread.ts';

interface Join {
  readonly gap: '' | ' ';
  readonly ids: readonly number[];
  /** From the last token that both texts share. */
  readonly log_p: number;
}

const text = readFileSync(fileURLToPath(new URL('../fixtures/golden/answer-joins.json', import.meta.url)), 'utf8');
/** By transformers, in float64 (training/answer_joins.py). */
const records = JSON.parse(text) as { readonly prompt: string; readonly answer: string; readonly joins: Join[] }[];

const idsOf = ({ tokens, answers }: PreparedFact): number[] => [
  ...tokens.slice(0, answers[0]!.promptLength).map(({ id }) => id),
  ...answers[0]!.tokens.map(({ id }) => id),
];

describe('between prompt and answer', () => {
  const api = createModelApi(nodeDeps);
  beforeAll(() => api.load(zooRequest('../../../public/models/atlas')), 60_000);
  afterAll(() => api.dispose());

  async function asked(prompt: string, answer: string, more: Partial<Fact> = {}) {
    const fact = { prompt, answers: [answer], ...more };
    const { result, prepared } = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact });
    return { result, prepared: prepared! };
  }

  it.each(records)('stands what the model prefers: $prompt + $answer', async ({ prompt, answer, joins }) => {
    const [best, worst] = joins.toSorted((a, b) => b.log_p - a.log_p) as [Join, Join];
    const { result, prepared } = await asked(prompt, answer);
    expect(prepared.answers[0]).toMatchObject({ gap: best.gap, preferred: true });
    expect(idsOf(prepared)).toEqual(best.ids);
    // From where both texts part: the whole answer where neither changes the prompt's own tokens.
    const shared = best.ids.findIndex((id, at) => id !== worst.ids[at]);
    if (shared === prepared.tokens.length) {
      expect(Math.log(result.answers[0]!.probability)).toBeCloseTo(best.log_p, 3);
    }
  });

  it.each(records)('stands what was typed, whatever the model prefers: $prompt + $answer', async (record) => {
    const { prompt, answer, joins } = record;
    const [tight, spaced] = joins as [Join, Join];
    const cases = [
      [`"${answer}"`, tight],
      [`“${answer}”`, tight],
      [` ${answer}`, spaced],
      [`" ${answer}"`, spaced],
    ] as const;
    for (const [typed, join] of cases) {
      const { prepared } = await asked(prompt, typed);
      expect([typed, ...idsOf(prepared)]).toEqual([typed, ...join.ids]);
      expect(prepared.answers[0]!.preferred).toBeUndefined();
    }
  });

  it('stands the same in the prompts that others are held against, and before a foil what it prefers', async () => {
    const fact = { answers: ['5'], foil: '7', subject: [3, 8] as const };
    const { prepared } = await asked('It costs $', '5', fact);
    expect(prepared.foil).toMatchObject({ gap: '', preferred: true });
    const options = { null: ['weighs'] };
    const { result } = await api.runProbe<EmergenceResult>({
      probe: 'emergence',
      fact: { prompt: 'It costs $', ...fact },
      options,
    });
    const own = await asked('It weighs $', '"5"');
    expect(result.null!.meanP.at(-1)).toBeCloseTo(own.result.verdict!.p, 6);
  });

  it('makes one word of two only where that is at all likely', async () => {
    const { prepared } = await asked('The capital of Germany is', 'berlin');
    expect(prepared.answers[0]).toMatchObject({ gap: ' ', preferred: true });
    expect((await asked('The work of a singer is to sing', 'ing')).prepared.answers[0]!.gap).toBe('');
  });

  it('is the usual way before the model is asked', async () => {
    const { answers } = await api.prepare({ prompt: 'x=', answers: ['y'] });
    expect(answers[0]).toMatchObject({ gap: ' ', other: { gap: '' } });
    expect(answers[0]!.preferred).toBeUndefined();
  });
});
