import { expect, it } from 'vitest';
import { MOST_TOKENS, tokenWindow } from './token-window';

it('all tokens of a short prompt are shown, too long or not', () => {
  expect(tokenWindow(5, 128)).toEqual({ from: 0, to: 5 });
  expect(tokenWindow(MOST_TOKENS, 128)).toEqual({ from: 0, to: MOST_TOKENS });
});

it('a long prompt that fits is shown from its beginning', () => {
  expect(tokenWindow(900, 1024)).toEqual({ from: 0, to: MOST_TOKENS });
});

it('the limit is among the tokens shown, wherever it lies', () => {
  for (const [count, limit] of [
    [20_000, 0],
    [20_000, 128],
    [20_000, 8192],
    [8193, 8192],
    [601, 600],
    [3000, 2999],
  ] as const) {
    const { from, to } = tokenWindow(count, limit);
    expect(to - from).toBe(MOST_TOKENS);
    expect([from >= 0, from <= limit, limit < to, to <= count]).toEqual([true, true, true, true]);
  }
});

it('around the limit both sides can be read', () => {
  expect(tokenWindow(20_000, 8192)).toEqual({ from: 7892, to: 8492 });
});

it('the subject of a prompt that fits is among the tokens shown', () => {
  for (const subject of [0, 599, 600, 700, 899]) {
    const { from, to } = tokenWindow(900, 1024, subject);
    expect([from <= subject, subject < to, to - from]).toEqual([true, true, MOST_TOKENS]);
  }
});

it('a person moves on from there, and never past an end', () => {
  expect(tokenWindow(2000, 4096, 10, 600)).toEqual({ from: 600, to: 1200 });
  expect(tokenWindow(2000, 4096, 10, 1800)).toEqual({ from: 1400, to: 2000 });
  expect(tokenWindow(2000, 4096, 10, -600)).toEqual({ from: 0, to: 600 });
});
