import { describe, expect, it } from 'vitest';
import { writtenText } from './written-text';

const token = (bytes: readonly number[], special = false) => ({
  token: { id: 0, text: '⟨E6⟩', bytes, start: 0, end: 0, special },
});

describe('the text of written tokens', () => {
  it('puts together a character that is spread over several tokens', () => {
    expect(writtenText([token([0x20, 0xe6]), token([0x9d]), token([0xb1, 0x61])])).toBe(' 東a');
  });

  it('leaves out special tokens and a character that is not finished', () => {
    expect(writtenText([token([0x61]), token([0x3c, 0x73, 0x3e], true), token([0xe6, 0x9d])])).toBe('a');
    expect(writtenText([])).toBe('');
  });

  it('keeps every character that is finished, a byte order mark too', () => {
    expect(writtenText([token([0xef, 0xbb, 0xbf]), token([0x62])])).toBe('\ufeffb');
  });
});
