import { describe, expect, it } from 'vitest';
import type { GeneratedToken } from '../../../core/writing';
import { textBefore } from './written';

const step = (bytes: readonly number[], special = false): GeneratedToken => ({
  token: { id: 1, text: '', bytes, start: 0, end: 0, special },
  probability: 1,
  alternatives: [],
});
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

describe('the text before a written token', () => {
  const [first = 0, ...rest] = bytes('é');
  const written = {
    prompt: 'A',
    tokens: [step(bytes(' caf')), step([first]), step(rest), step(bytes('<|end|>'), true), step(bytes(' b'))],
  };

  it('is the prompt with all that was written until then', () => {
    expect(textBefore(written, 0)).toBe('A');
    expect(textBefore(written, 1)).toBe('A caf');
    expect(textBefore(written, 3)).toBe('A café');
  });

  it('is none within a character, nor after what cannot be typed', () => {
    expect(textBefore(written, 2)).toBeUndefined();
    expect(textBefore(written, 4)).toBeUndefined();
  });
});
