import { describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../core/errors';
import { english } from '../i18n/messages';
import { fieldAtFault, what } from './trouble-words';

const fact = { prompt: 'The capital of France is', answers: ['Paris', 'x'], foil: 'London' };
const error = (code: ErrorRecord['code'], details: ErrorRecord['details'] = {}): ErrorRecord => ({
  code,
  message: '',
  details,
});

describe('what went wrong with a text', () => {
  it.each([
    ['answer-not-continuation', { answer: 'x' }, 'answer', /The answer “x” cannot follow/],
    ['answer-not-continuation', { answer: 'London' }, 'foil', /The foil “London” cannot follow/],
    ['invalid-text', { field: 'foil', index: 1 }, 'foil', /^The foil holds half a character/],
    ['invalid-text', { field: 'answer', index: 1 }, 'answer', /^The answer holds/],
    ['invalid-text', { field: 'prompt', index: 1 }, 'prompt', /^The prompt holds .*surrogate/],
    ['empty-prompt', {}, 'prompt', /prompt is empty/],
    ['prompt-too-long', { reason: 'memory', tokens: 9, fits: 4 }, 'prompt', /has 9 tokens.*about 4/],
  ] as const)('names the field of %s %j', (code, details, field, sentence) => {
    expect(fieldAtFault(error(code, details), fact)).toBe(field);
    expect(what(error(code, details), english, fact)).toMatch(sentence);
  });

  it('blames the answer where answer and foil are the same text', () => {
    const same = { ...fact, foil: 'x' };
    expect(fieldAtFault(error('answer-not-continuation', { answer: 'x' }), same)).toBe('answer');
  });

  it('cuts a long answer short and shows what cannot be seen', () => {
    const text = what(error('answer-not-continuation', { answer: `\u200b ${'x'.repeat(500)}` }), english, fact);
    expect(text).toContain('“⟨200B⟩ xxx');
    expect(text.length).toBeLessThan(130);
  });

  it('blames no field for what the model did', () => {
    expect(fieldAtFault(error('non-finite'), fact)).toBeUndefined();
  });
});
