import { describe, expect, it } from 'vitest';
import { plainName, plainText } from './plain-text';

describe('words that are not ours', () => {
  it('come as one line without control characters', () => {
    expect(plainText('first\r\n\u0000second\u001b[31m \u202ethird\u2028 ')).toBe('first second [31m third');
    expect(plainText('An ordinary sentence: “é 漢字”.')).toBe('An ordinary sentence: “é 漢字”.');
  });

  it('are never longer than a person reads, however long they were', () => {
    const long = plainText('x'.repeat(10_000_000));
    expect(long).toHaveLength(300);
    expect(long.endsWith('…')).toBe(true);
    expect(plainName('n'.repeat(10_000_000))).toHaveLength(80);
  });

  it('keep of a name what names are made of', () => {
    expect(plainName('/model/layers.0/Add_1:0')).toBe('/model/layers.0/Add_1:0');
    expect(plainName('<img src=x onerror=alert(1)>\u0007')).toBe('?img src?x onerror?alert?1???');
  });
});
