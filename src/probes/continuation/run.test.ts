import { expect, it } from 'vitest';
import { prepared, smallInfo, token } from '../../../tests/fixtures/probe-input.ts';
import { parseOptions } from '../../core/options';
import type { Lab } from '../../core/probe';
import type { GeneratedToken, WriteOptions } from '../../core/writing';
import { meta } from './meta';
import { run } from './run';

const written = (id: number): GeneratedToken => ({
  token: { ...token(id), bytes: [0x60 + id] },
  probability: 0.5,
  alternatives: [],
});

/** Writes the numbers after the last token, up to `maxTokens` in all. */
function labThatCounts(asked: { tokens: readonly number[]; options: WriteOptions }[]): Lab {
  return {
    expect: () => undefined,
    async *write(tokens: readonly number[], options: WriteOptions) {
      asked.push({ tokens, options });
      const already = options.written ?? 0;
      for (let nth = 1; nth <= options.maxTokens - already; nth++) yield written(tokens.at(-1)! + nth);
      return 'length' as const;
    },
  } as unknown as Lab;
}

const input = { info: smallInfo(), prepared: prepared([0, 1]), options: parseOptions(meta.options, { maxTokens: 3 }) };

it('hands each token over and gives the text at the end', async () => {
  const asked: Parameters<typeof labThatCounts>[0] = [];
  const parts: number[] = [];
  const writing = run(labThatCounts(asked), { ...input, have: [] });
  let step = await writing.next();
  for (; !step.done; step = await writing.next()) parts.push(step.value.token.id);
  expect(parts).toEqual([2, 3, 4]);
  expect(step.value).toMatchObject({ text: 'bcd', finish: 'length' });
  expect(asked[0]!.tokens).toEqual([0, 1]);
});

it('goes on after what was written before it was cut short, and makes none of it again', async () => {
  const asked: Parameters<typeof labThatCounts>[0] = [];
  const parts: number[] = [];
  const writing = run(labThatCounts(asked), { ...input, have: [written(2), written(3)] });
  let step = await writing.next();
  for (; !step.done; step = await writing.next()) parts.push(step.value.token.id);
  expect(parts).toEqual([4]);
  expect(step.value).toMatchObject({ text: 'bcd', finish: 'length' });
  expect(asked).toMatchObject([{ tokens: [0, 1, 2, 3], options: { written: 2 } }]);
});

it('refuses settings out of range, naming them', () => {
  const wrong = [
    { maxTokens: 0 },
    { temperature: -1 },
    { temperature: NaN },
    { topK: 1.5 },
    { topP: 0 },
    { seed: 0.5 },
    { alternatives: 1000 },
  ];
  for (const change of wrong) {
    expect(() => parseOptions(meta.options, change)).toThrowError(
      expect.objectContaining({ code: 'invalid-request', details: { option: Object.keys(change)[0] } }),
    );
  }
});
