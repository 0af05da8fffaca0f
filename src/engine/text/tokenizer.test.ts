import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../cli/open-folder';
import { StrataError } from '../../core/errors';
import { joinAnswer } from '../../core/join-answer';
import { endTokenIds } from './end-tokens';
import type { Json } from './same-pieces';
import { sentencePieceBytes, visibleText } from './token-bytes';
import { tokenRanges } from './token-ranges';
import { openTokenizer } from './tokenizer';

const files = await openFolder('tests/fixtures/zoo/optimum-gpt2', 'fp32');
const tokenizer = await openTokenizer(files.tokenizer!, 512);
const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const rangesOf = (text: string, pieces: readonly (readonly number[])[]) =>
  tokenRanges(
    text,
    pieces.map((bytes) => ({ kind: 'bytes', bytes })),
  );

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
    expect(rangesOf('is it', [bytesOf(' is'), bytesOf(' it')])).toEqual([
      [0, 2],
      [2, 5],
    ]);
    expect(rangesOf('é', [[0xc3], [0xa9]])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(rangesOf('Upper', [bytesOf('upper')])).toBeUndefined();
  });
});

const textsOf = (tokens: readonly { readonly text: string }[]) => tokens.map(({ text }) => text);

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

  it('offers the other way to join where nothing was typed that tells', () => {
    const { answers } = prepare('The capital of France is', 'Paris');
    expect(answers[0]).toMatchObject({ gap: ' ', other: { gap: '' } });
    expect(textsOf(answers[0]!.other!.tokens).join('')).toBe('Paris');
    for (const typed of [' Paris', '"Paris"', '“ Paris”']) {
      const [exact] = prepare('The capital of France is', typed).answers;
      expect(textsOf(exact!.tokens).join('')).toBe(typed === '"Paris"' ? 'Paris' : ' Paris');
      expect([exact!.gap, exact!.other]).toEqual([undefined, undefined]);
    }
    expect(prepare('The capital of France is ', 'Paris').answers[0]!.other).toBeUndefined();
  });

  it('keeps the prompt’s own tokens where none stands before the one that an answer joins', async () => {
    const model = {
      type: 'BPE',
      vocab: { '-': 0, ')': 1, x: 2, Ġ: 3, '-)': 4, Ġx: 5 },
      merges: ['- )', 'Ġ x'],
    };
    const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    const json = {
      model,
      pre_tokenizer: bytes,
      decoder: bytes,
      normalizer: null,
      post_processor: null,
      added_tokens: [],
    };
    const joins = await openTokenizer({ tokenizerJson: json, tokenizerConfig: {} }, 6);
    const { tokens, answers } = joins.prepare({ prompt: '-', answers: [') x'] }, 128);
    expect([textsOf(joins.encode('-) x')), textsOf(tokens)]).toEqual([['-)', ' x'], ['-']]);
    expect(answers[0]).toMatchObject({ apart: true, promptLength: 1, seamChanged: false });
    expect(textsOf(answers[0]!.tokens)).toEqual([')', ' x']);
    // With a token before, the joined tokens are used from there on.
    const [later] = joins.prepare({ prompt: 'x-', answers: [') x'] }, 128).answers;
    expect(later).toMatchObject({ seamChanged: true, promptLength: 1 });
    expect(textsOf(later!.tokens)).toEqual(['-)', ' x']);
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

/** A tokenizer of `training/text_cases.py`, with more in its tokenizer_config.json. */
function fixture(name: string, config: Json = {}) {
  const file = JSON.parse(readFileSync(`tests/fixtures/tokenizers/${name}.json`, 'utf8')) as Record<string, Json>;
  return openTokenizer({ tokenizerJson: file['tokenizer']!, tokenizerConfig: { ...file['config'], ...config } }, 1000);
}

describe('what begins and ends a text', () => {
  const END = '<|end|>';

  it('stands in front as the tokenizer has it, and otherwise as it is asked for', async () => {
    const puts = await fixture('byte-level-bos');
    const leaves = await fixture('byte-level');
    expect(puts.bos).toEqual({ tokenId: 0, byDefault: true });
    expect(leaves.bos).toEqual({ tokenId: 0, byDefault: false });
    for (const tokenizer of [puts, leaves]) {
      const first = (options: { bos?: boolean }) => tokenizer.encode('a b', options)[0]!.text === END;
      expect([first({}), first({ bos: true }), first({ bos: false })]).toEqual([tokenizer === puts, true, false]);
    }
  });

  it('is not put before one that was typed, and the typed one stays', async () => {
    const tokenizer = await fixture('byte-level-bos');
    for (const options of [{}, { bos: true }, { bos: false }]) {
      const tokens = tokenizer.encode(`${END}a b`, options);
      expect(tokens.filter(({ text }) => text === END)).toHaveLength(1);
      expect(tokens[0]).toMatchObject({ text: END, start: 0, end: END.length });
    }
  });

  it('is never put behind a prompt that is to be continued', async () => {
    for (const name of ['byte-level-eos', 'unigram', 'wordpiece-lower']) {
      const tokenizer = await fixture(name);
      const { tokens, answers } = tokenizer.prepare({ prompt: 'The capital of France is', answers: ['Paris'] }, 100);
      expect(tokens.at(-1)!.special, name).toBe(false);
      expect(tokens.at(-1)!.end, name).toBe('The capital of France is'.length);
      expect(answers[0], name).toMatchObject({ seamChanged: false, promptLength: tokens.length });
    }
    const bert = await fixture('wordpiece-lower');
    expect(bert.encode('good')[0]!.text).toBe('[CLS]');
  });

  it('is said of a prepared fact', async () => {
    const tokenizer = await fixture('byte-level-bos');
    const inFront = (bos?: boolean) =>
      tokenizer.prepare({ prompt: 'a', answers: [], ...(bos === undefined ? {} : { bos }) }, 9).bosInFront;
    expect([inFront(), inFront(true), inFront(false)]).toEqual([true, true, false]);
  });

  it('is what generation_config.json lists, or else config.json', () => {
    expect(endTokenIds({ config: { eos_token_id: 5 }, generation: { eos_token_id: [416, 0] } })).toEqual([416, 0]);
    expect(endTokenIds({ config: { eos_token_id: 5 }, generation: {} })).toEqual([5]);
    expect(endTokenIds({ config: { eos_token_id: [5, -1, 'x'] } })).toEqual([5]);
    expect(endTokenIds({ config: {} })).toEqual([]);
  });
});

describe('positions of the subject', () => {
  const subjectTexts = async (name: string, prompt: string, subject: string) => {
    const start = prompt.indexOf(subject);
    const range = [start, start + subject.length] as const;
    const { tokens, subjectPositions } = (await fixture(name)).prepare({ prompt, answers: [], subject: range }, 100);
    return subjectPositions.map((position) => prompt.slice(tokens[position]!.start, tokens[position]!.end).trim());
  };

  it.each([
    ['added-umlauts', 'Tee für zwei Leute', 'für', 'für'],
    ['wordpiece-lower', 'playing is good', 'good', 'good'],
    ['wordpiece-lower', 'naïve café', 'café', 'café'],
    ['split-nfc', 'cafe\u0301 décor de Paris', 'décor', 'décor'],
    ['metaspace-first', '你好', '好', '好'],
    ['legacy-llama', '  two  spaces', 'spaces', 'spaces'],
  ])('%s: %j, %j', async (name, prompt, subject, found) => {
    const texts = await subjectTexts(name, prompt, subject);
    // A character split over bytes belongs to each of its tokens.
    expect([...new Set(texts)].join('')).toContain(found);
    expect(texts.every((text) => found.includes(text) || text.includes(found))).toBe(true);
  });

  it('are none where what a token stands for cannot be told', async () => {
    const prompt = 'The unheard unseen of France';
    const prepared = (await fixture('wordlevel')).prepare({ prompt, answers: [], subject: [22, 28] }, 100);
    expect(prepared).toMatchObject({ rangesUnknown: true, subjectPositions: [] });
  });

  it('shows added tokens as they are written', async () => {
    expect(textsOf((await fixture('added-umlauts')).encode('10 ÷÷ 5'))).toContain('÷÷');
  });
});

describe('a chat template', () => {
  const CHATML =
    "{% for m in messages %}<|end|>{{ m['role'] }}\n{{ m['content'] | trim }}<|end|>\n{% endfor %}" +
    '{% if add_generation_prompt %}<|end|>assistant\n{% endif %}';
  const INST =
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]" +
    "{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}";
  const fact = { prompt: ' Where is the capital? ', answers: ['Paris'], form: 'chat', subject: [14, 21] } as const;

  it('is only where there is one', async () => {
    const plain = await fixture('byte-level');
    expect(plain.hasChatTemplate).toBe(false);
    // The text is put as text then, and the fact in tokens does not say that it is in chat.
    const { form: _, ...asText } = fact;
    const prepared = plain.prepare(fact, 100);
    expect(prepared).toEqual({ ...plain.prepare(asText, 100), fact });
    expect(prepared.form).toBeUndefined();
  });

  it('puts the prompt as what a person says, every token shown, ranges in the prompt alone', async () => {
    const tokenizer = await fixture('byte-level', { chat_template: CHATML });
    const { tokens, answers, subjectPositions, form } = tokenizer.prepare(fact, 100);
    expect(form).toBe('chat');
    expect(textsOf(tokens).join('')).toBe('<|end|>user\nWhere is the capital?<|end|>\n<|end|>assistant\n');
    const own = tokens.filter(({ start, end }) => end > start);
    expect(own.map(({ start, end }) => fact.prompt.slice(start, end)).join('')).toContain('Where is the capital?');
    const subject = subjectPositions.map((position) => tokens[position]!.text);
    expect(subject.join('')).toContain('capital');
    expect(answers[0]).toMatchObject({ promptLength: tokens.length, seamChanged: false });
    expect(textsOf(answers[0]!.tokens).join('')).toBe('Paris');
  });

  it('joins an answer as the template has the model say it', async () => {
    const tokenizer = await fixture('byte-level', { chat_template: INST, bos_token: '<|end|>' });
    const { tokens, answers, bosInFront } = tokenizer.prepare(fact, 100);
    expect(textsOf(answers[0]!.tokens).join('')).toBe(' Paris');
    expect(bosInFront).toBe(true);
    // The template has it in front; here it is taken away.
    const without = tokenizer.prepare({ ...fact, bos: false }, 100);
    expect(without.bosInFront).toBe(false);
    expect(without.tokens.map(({ id }) => id)).toEqual(tokens.slice(1).map(({ id }) => id));
    expect(without.subjectPositions.map((position) => position + 1)).toEqual(
      tokenizer.prepare(fact, 100).subjectPositions,
    );
  });

  it('that cannot be followed is said to be so', async () => {
    const broken = await fixture('byte-level', { chat_template: '{{ raise_exception("no") }}' });
    expect(() => broken.prepare(fact, 100)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
  });
});

describe('a padded vocabulary', () => {
  it('has ids without text', async () => {
    const padded = await openTokenizer(files.tokenizer!, 520);
    expect(padded.idsWithoutText).toEqual([...tokenizer.idsWithoutText, 512, 513, 514, 515, 516, 517, 518, 519]);
    expect(tokenizer.idsWithoutText).toContain(511);
  });
});
