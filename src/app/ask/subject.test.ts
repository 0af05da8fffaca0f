import { describe, expect, it } from 'vitest';
import type { Token } from '../../core/fact';
import { chooseToken } from './subject';

const prompt = 'In New York City now';
const tokens: Token[] = ['In', ' New', ' York', ' City', ' now'].map((text, id, all) => {
  const start = all.slice(0, id).join('').length;
  return { id, text, bytes: [], start, end: start + text.length, special: false };
});
const choose = (current: number[], position: number): string | undefined => {
  const range = chooseToken(prompt, tokens, current, position);
  return range && prompt.slice(...range);
};

describe('choosing the subject', () => {
  it('starts, grows at both ends, shrinks and ends', () => {
    expect(choose([], 2)).toBe('York');
    expect(choose([2], 1)).toBe('New York');
    expect(choose([1, 2], 3)).toBe('New York City');
    expect(choose([1, 2, 3], 3)).toBe('New York');
    expect(choose([1, 2], 1)).toBe('York');
    expect(choose([2], 2)).toBeUndefined();
  });

  it('starts anew away from it', () => {
    expect(choose([1, 2], 4)).toBe('now');
  });

  it('does not take a token without characters of its own', () => {
    const special = { id: 9, text: '<s>', bytes: [], start: 0, end: 0, special: true };
    expect(chooseToken(prompt, [special, ...tokens], [], 0)).toBeUndefined();
  });
});
