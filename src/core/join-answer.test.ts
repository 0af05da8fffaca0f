import { describe, expect, it } from 'vitest';
import { asContinuation, joinAnswer } from './join-answer';

describe('an answer behind its prompt', () => {
  it('follows a space where the language writes one', () => {
    const gaps = ['The capital is', 'la langue est l’', "c'est l'"].map((prompt) => asContinuation(prompt, 'x'));
    expect(gaps).toEqual([' x', 'x', 'x']);
    expect(asContinuation('首都是', '巴黎')).toBe('巴黎');
    expect(joinAnswer('A well-', 'known')).toBe('A well-known');
  });

  it('stands as it was typed in quotes, or with its own space', () => {
    expect(asContinuation('It costs $', '"5"')).toBe('5');
    expect(asContinuation('It costs $', '“5”')).toBe('5');
    expect(asContinuation('It costs (', ' 5')).toBe(' 5');
    expect(asContinuation('x', '" 5"')).toBe(' 5');
  });
});
