import { describe, expect, it } from 'vitest';
import { openFolder } from '../../cli/open-folder';
import { StrataError } from '../../core/errors';
import { joinAnswer } from './answer';
import { rangesInText, sentencePieceBytes, visibleText } from './token-bytes';
import { TextTokenizer } from './tokenizer';

const files = await openFolder('tests/fixtures/zoo/optimum-gpt2', 'fp32');
const tokenizer = new TextTokenizer(files.tokenizer!, 512);
const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];

describe('tokens of a text', () => {
  const texts = [
    'The capital of France is',
    ' two  spaces\n\tand a tab',
    'naïve café',
    '法国的首都是',
    '👩‍🚀 flies',
    'שלום עולם',
    'zero\u200bwidth',
    '\u0000\u0007',
    '<|endoftext|>after',
  ];

  it.each(texts)('cover %j without gaps, byte by byte', (text) => {
    const tokens = tokenizer.encode(text);
    expect(tokens.flatMap((token) => token.bytes)).toEqual(bytesOf(text));
    expect(tokens[0]!.start).toBe(0);
    expect(tokens.at(-1)!.end).toBe(text.length);
    tokens.forEach((token, index) => {
      const next = tokens[index + 1];
      expect(token.start).toBeLessThanOrEqual(token.end);
      if (next) expect(next.start).toBeLessThanOrEqual(token.end);
    });
  });

  it('shows parts of a split character as bytes', () => {
    const [first] = tokenizer.encode('龘');
    expect(first!.text).toBe('⟨E9⟩');
    expect(visibleText([0x20, 0x61, 0xe6])).toBe(' a⟨E6⟩');
    expect(visibleText(bytesOf('é👍'))).toBe('é👍');
  });

  it('takes a lone surrogate as the replacement character', () => {
    expect(tokenizer.encode('a\ud800b').flatMap((token) => token.bytes)).toEqual(bytesOf('a\ufffdb'));
  });

  it('describes any id of the model’s vocabulary, also padding, and no other', () => {
    expect(tokenizer.describe([0])[0]).toMatchObject({ text: '<|endoftext|>', special: true });
    expect(tokenizer.describe([511])[0]!.text).toBe('⟨511⟩');
    expect(() => tokenizer.describe([512])).toThrow(StrataError);
    expect(() => tokenizer.describe([-1])).toThrow(/no token -1/);
  });

  it('knows SentencePiece’s spaces and bytes', () => {
    expect(sentencePieceBytes('▁is')).toEqual(bytesOf(' is'));
    expect(sentencePieceBytes('<0xE6>')).toEqual([0xe6]);
    expect(rangesInText('is it', [bytesOf(' is'), bytesOf(' it')])).toEqual([
      [0, 2],
      [2, 5],
    ]);
    expect(rangesInText('é', [[0xc3], [0xa9]])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(rangesInText('Upper', [bytesOf('upper')])).toBeUndefined();
  });
});

describe('a fact in tokens', () => {
  const prepare = (prompt: string, answer: string) => tokenizer.prepare({ prompt, answers: [answer] }, 128);

  it('takes the answer as what follows the prompt', () => {
    const { tokens, answers } = prepare('The capital of France is', 'Paris');
    expect(tokens.map((token) => token.text)).toEqual(['The', ' capital', ' of', ' France', ' is']);
    expect(answers[0]).toMatchObject({ seamChanged: false, promptLength: 5 });
    expect(answers[0]!.tokens.map((token) => token.text)).toEqual([' Paris']);
  });

  it('says when the answer changes the prompt’s last token', () => {
    const { tokens, answers } = prepare('The capital of France is ', 'Paris');
    expect(tokens.at(-1)!.text).toBe(' ');
    expect(answers[0]).toMatchObject({ seamChanged: true, promptLength: 5 });
    expect(answers[0]!.tokens[0]!.text).toBe(' Paris');
  });

  it('finds the subject’s tokens and counts what is too long', () => {
    const prepared = tokenizer.prepare({ prompt: 'The capital of France is', answers: [], subject: [15, 21] }, 3);
    expect(prepared.subjectPositions).toEqual([3]);
    expect(prepared.tokensOver).toBe(2);
  });

  it('refuses what cannot be asked', () => {
    expect(() => prepare(' \n', 'Paris')).toThrow(expect.objectContaining({ code: 'empty-prompt' }));
    expect(() => prepare('a', '')).toThrow(expect.objectContaining({ code: 'answer-not-continuation' }));
  });

  it.each([
    ['The capital is', 'Paris', 'The capital is Paris'],
    ['The capital is ', 'Paris', 'The capital is Paris'],
    ['法国的首都是', '巴黎', '法国的首都是巴黎'],
    ['La capitale est l’', 'une', 'La capitale est l’une'],
    ['Hello', ', world', 'Hello, world'],
    ['He said "', 'yes', 'He said "yes'],
    ['He said "yes"', 'again', 'He said "yes" again'],
    ['It is well-', 'known', 'It is well-known'],
    ['Oslo - Norway, Rome -', 'Italy', 'Oslo - Norway, Rome - Italy'],
  ])('joins %j and %j', (prompt, answer, joined) => {
    expect(joinAnswer(prompt, answer)).toBe(joined);
  });
});
