import { blockHook } from '../../src/core/hooks.ts';
import type { EmergenceResult } from '../../src/probes/emergence/meta.ts';
import type { LensResult } from '../../src/probes/lens/meta.ts';
import type { Check } from './parity.ts';
import { expectCode, expectEqual, expectTrue } from './expectations.ts';

/** Text a person may well paste: it runs, and every character belongs to a token. */
const ODD_TEXTS: Readonly<Record<string, string>> = {
  emoji: '👩‍👩‍👧 lives in 🇫🇷 and is',
  'right to left': 'עיר הבירה של צרפת היא',
  'zero-width': 'The\u200bcapital\u200d of\ufeff France\u2060 is',
  'control characters': 'The\u0000 capital\u0007 of\u001b[31m France\u007f is\r\n',
  'combining marks': 'Z̷͓̑a̶̢̐l̸̙̈́g̵̻̊o̷͍͑ is',
  'one token': 'The',
  markup: '<img src=x onerror=alert(1)> {{7*7}} is',
  'a special token typed by hand': 'The capital <|endoftext|> of France is',
};

const fact = (prompt: string, change: object = {}) => ({ prompt, answers: ['the'], ...change });

/** Input nobody should send but somebody will: a result, or a code with what the page's sentence needs. */
export const BAD_INPUT: readonly Check[] = [
  ...Object.entries(ODD_TEXTS).map(([name, prompt]): Check => ({
    name: `odd text runs: ${name}`,
    async run(api) {
      const { result, prepared } = await api.runProbe<LensResult>({ probe: 'lens', fact: fact(prompt) });
      const { tokens } = prepared!;
      expectEqual(result.table.positions.length, tokens.length, 'a column per token');
      expectTrue(result.answerProbs.every(Number.isFinite), 'p(answer) is a number everywhere');
      const covered = new Set(
        tokens.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)),
      );
      expectEqual(covered.size, prompt.length, 'characters that belong to a token');
    },
  })),
  {
    name: 'no prompt',
    async run(api) {
      for (const prompt of ['', '   ', '\n']) {
        await expectCode(api.prepare(fact(prompt)), 'empty-prompt', JSON.stringify(prompt));
        await expectCode(api.runProbe({ probe: 'lens', fact: fact(prompt) }), 'empty-prompt', 'lens');
      }
      const writing = api.runProbe({ probe: 'continuation', fact: { prompt: '', answers: [] } });
      await expectCode(writing, 'empty-prompt', 'continuation');
    },
  },
  {
    name: 'half a character, wherever it is typed, with its place',
    async run(api) {
      const cases = {
        prompt: fact('The \ud83d is'),
        answer: fact('The', { answers: ['\udc69'] }),
        foil: fact('The', { foil: 'x\ud83d' }),
      };
      for (const [field, one] of Object.entries(cases)) {
        const details = await expectCode(api.prepare(one), 'invalid-text', field);
        expectEqual(details['field'], field, 'field');
        await expectCode(api.runProbe({ probe: 'emergence', fact: one }), 'invalid-text', field);
      }
      expectEqual((await expectCode(api.tokenize('ab\ud83d'), 'invalid-text', 'tokenize'))['index'], 2, 'place');
    },
  },
  {
    name: '10,000 words: says how many tokens too long, cuts nothing, runs nothing',
    async run(api, _reference, { dims }) {
      const prompt = 'The capital of France is '.repeat(2000).trim();
      const prepared = await api.prepare(fact(prompt));
      expectEqual(prepared.tokens.at(-1)!.end, prompt.length, 'the last token ends where the text does');
      expectEqual(prepared.tokensOver, prepared.tokens.length - dims.n_ctx!, 'tokens over');
      for (const probe of ['lens', 'emergence']) {
        const details = await expectCode(api.runProbe({ probe, fact: fact(prompt) }), 'prompt-too-long', probe);
        expectEqual([details['over'], details['n_ctx']], [prepared.tokensOver, dims.n_ctx!], 'details');
      }
      const writing = api.runProbe({ probe: 'continuation', fact: { prompt, answers: [] } });
      await expectCode(writing, 'prompt-too-long', 'continuation');
    },
  },
  {
    name: 'a prompt of exactly the context runs; one token more does not',
    async run(api, _reference, { dims }) {
      const full = ' The'.repeat(dims.n_ctx!);
      expectEqual((await api.prepare(fact(full))).tokens.length, dims.n_ctx!, 'tokens');
      await api.runProbe({ probe: 'emergence', fact: fact(full) });
      const details = await expectCode(
        api.runProbe({ probe: 'emergence', fact: fact(`${full} The`) }),
        'prompt-too-long',
        'one more',
      );
      expectEqual(details['over'], 1, 'over');
    },
  },
  {
    name: 'a long answer at the end of the context is left out with the reason',
    async run(api, _reference, { dims }) {
      const prompt = ' The'.repeat(dims.n_ctx! - 2);
      const { result } = await api.runProbe<EmergenceResult>({
        probe: 'emergence',
        fact: fact(prompt, { answers: ['the capital of France is Paris', 'the'] }),
      });
      expectEqual(result.answersLeftOut, [{ text: 'the capital of France is Paris', reason: 'too-long' }], 'left out');
      expectEqual(
        result.answers.map(({ text }) => text),
        ['the'],
        'scored',
      );
    },
  },
  {
    name: 'an answer that swallows the whole prompt is no continuation',
    async run(api) {
      const one = { prompt: '都是', answers: ['巴黎'] };
      const details = await expectCode(api.prepare(one), 'answer-not-continuation', '都是 + 巴黎 is one token');
      expectEqual(details['answer'], '巴黎', 'which answer');
    },
  },
  {
    name: 'an answer that changes the prompt’s last token is probed where it joins',
    async run(api) {
      // The space at the end becomes part of the answer's first token.
      const spaced = fact('The capital of France is ');
      const { result, prepared } = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact: spaced });
      const [answer] = prepared!.answers;
      expectEqual([answer!.seamChanged, answer!.promptLength], [true, prepared!.tokens.length - 1], 'seam');
      const plain = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact: fact('The capital of France is') });
      expectEqual([...result.rank], [...plain.result.rank], 'same ranks as without the space');
    },
  },
  {
    name: 'requests that mean nothing are refused by name',
    async run(api, _reference, { dims }) {
      const tokens = [1, 2, 3];
      const run = (change: object) => api.trace({ tokens, interventions: [], captures: [], ...change });
      await expectCode(api.runProbe({ probe: 'astrology' }), 'invalid-request', 'probe');
      await expectCode(
        api.runProbe({ probe: 'lens', fact: fact('The'), options: { k: 'ten' } }),
        'invalid-request',
        'k',
      );
      const outside = { probe: 'emergence', fact: fact('The'), options: { position: 7 } };
      await expectCode(api.runProbe(outside), 'invalid-request', 'position');
      await expectCode(api.describe([dims.d_vocab]), 'invalid-request', 'id beyond the vocabulary');
      await expectCode(api.describe([-1]), 'invalid-request', 'negative id');
      await expectCode(run({ captures: [blockHook(99, 'hook_resid_post')] }), 'unknown-hook', 'hook of layer 99');
      const ablate = { kind: 'ablate', hook: blockHook(1, 'attn.hook_z'), head: [40], mode: 'zero' };
      await expectCode(run({ interventions: [ablate] }), 'invalid-intervention', 'head 40');
      await expectCode(run({ tokens: [] }), 'empty-prompt', 'no tokens');
      const long = Array.from({ length: dims.n_ctx! + 1 }, () => 1);
      await expectCode(run({ tokens: long }), 'prompt-too-long', 'too many tokens');
    },
  },
  {
    name: 'after all that, the model answers as before',
    async run(api) {
      const { result } = await api.runProbe<LensResult>({ probe: 'lens', fact: fact('The capital of France is') });
      expectTrue(result.answerProbs.every(Number.isFinite), 'p(answer) is a number everywhere');
    },
  },
];
