import { blockHook } from '../../src/core/hooks.ts';
import { softmax, topK } from '../../src/core/numerics.ts';
import { parseOptions } from '../../src/core/options.ts';
import { slice, type Tensor } from '../../src/core/tensor.ts';
import type { AttentionResult } from '../../src/probes/attention/meta.ts';
import type { EmergenceResult } from '../../src/probes/emergence/meta.ts';
import type { ContinuationOptions, ContinuationResult } from '../../src/probes/continuation/meta.ts';
import { meta as heads, type HeadsResult } from '../../src/probes/heads/meta.ts';
import { patternHook, plan as planHeads } from '../../src/probes/heads/plan.ts';
import type { GeneratedToken } from '../../src/core/writing.ts';
import { expectClose, expectCode, expectEqual, expectTrue } from './expectations.ts';
import { of, PARITY, PROMPTS, tokensOf, type Check } from './parity.ts';

/** Of optimum-gpt2. */
const LAYERS = [0, 1, 2, 3];

/** A head's scores as the literature words them: for each token, where its earlier copy stood. One start token. */
function massByDefinition(tokens: readonly number[], pattern: Tensor, head: number) {
  const mass = { previous: 0, duplicate: 0, induction: 0, bos: 0 };
  let random = 0;
  let repeated = 0;
  tokens.forEach((token, dest) => {
    if (dest < 2) return;
    const looks = slice(pattern, head, dest);
    random++;
    mass.previous += looks[dest - 1]!;
    mass.bos += looks[0]!;
    const earlier = tokens.indexOf(token);
    if (earlier === dest) return;
    repeated++;
    mass.duplicate += looks[earlier]!;
    mass.induction += looks[earlier + 1]!;
  });
  return {
    previous: mass.previous / random,
    bos: mass.bos / random,
    duplicate: mass.duplicate / repeated,
    induction: mass.induction / repeated,
  };
}

/** The contract of {@link ModelApi} on tests/fixtures/zoo/optimum-gpt2, whichever thread the model lives in. */
export const CHECKS: readonly Check[] = [
  ...PARITY,
  {
    name: 'says what the model is',
    async run(_api, _reference, { dims, family, bosTokenId }) {
      expectEqual(family, 'gpt2', 'family');
      const { n_layers, n_heads, n_kv_heads, d_model, d_head, d_mlp, d_vocab, n_ctx } = dims;
      const found = [n_layers, n_heads, n_kv_heads, d_model, d_head, d_mlp, d_vocab, n_ctx];
      expectEqual(found, [4, 4, 4, 64, 16, 256, 512, 128], 'dims');
      expectEqual(bosTokenId, undefined, 'this tokenizer puts nothing first');
    },
  },
  {
    name: 'emergence: without an answer, the model’s own next token stands in',
    async run(api, reference) {
      const own = topK(slice(of(reference, '0/logits'), -1), 1)[0];
      const request = { probe: 'emergence', fact: { prompt: PROMPTS[0]!, answers: [] } };
      const { result, prepared } = await api.runProbe<EmergenceResult>(request);
      expectEqual(prepared!.ownAnswer, true, 'marked as its own');
      expectEqual(result.answerIds, [own], 'answer');
      expectEqual([result.verdict!.ownAnswer, result.verdict!.rank], [true, 1], 'verdict');
      expectEqual(result.events.stable, result.saturation, 'stable is the saturation event');
    },
  },
  {
    name: 'emergence: several tokens multiply under teacher forcing',
    async run(api) {
      const fact = { prompt: PROMPTS[0]!, answers: ['Madrid'] };
      const { result, prepared } = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact });
      const answer = prepared!.answers[0]!;
      expectTrue(answer.tokens.length > 1, 'the answer has several tokens');
      let tokens = prepared!.tokens.slice(0, answer.promptLength).map((token) => token.id);
      let product = 1;
      for (const { id } of answer.tokens) {
        const { captures } = await api.trace({ tokens, interventions: [], captures: ['logits'] });
        product *= softmax(slice(captures.get('logits')!, -1))[id]!;
        tokens = [...tokens, id];
      }
      const [score] = result.answers;
      expectTrue(Math.abs(Math.log(score!.probability / product)) < 1e-2, `${score!.probability} ≈ ${product}`);
    },
  },
  {
    name: 'emergence: the null runs the same prompt with other subjects',
    async run(api) {
      const fact = { prompt: PROMPTS[0]!, answers: ['the'], subject: [15, 21] as const };
      const subjects = ['Germany', 'France', 'Rome', 'Germany'];
      const { result } = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact, options: { null: subjects } });
      expectEqual(result.null!.used, ['Germany', 'Rome'], 'used');
      const skipped = [
        { subject: 'France', reason: 'unchanged' },
        { subject: 'Germany', reason: 'duplicate' },
      ];
      expectEqual(result.null!.skipped, skipped, 'skipped');
      const alone = async (subject: string) => {
        const other = { prompt: `The capital of ${subject} is`, answers: ['the'] };
        return (await api.runProbe<EmergenceResult>({ probe: 'emergence', fact: other })).result.p;
      };
      const [one, two] = [await alone('Germany'), await alone('Rome')];
      const mean = one.map((p, row) => (p + two[row]!) / 2);
      expectClose(result.null!.meanP, mean, 1e-6, 'mean p');
    },
  },
  {
    name: 'attention: patterns, value-weighted patterns and rollout',
    async run(api, reference) {
      const fact = { prompt: PROMPTS[0]!, answers: ['the'], subject: [15, 21] as const };
      const options = { valueWeighted: true, rollout: true };
      const { result } = await api.runProbe<AttentionResult>({ probe: 'attention', fact, options });
      const T = result.n_positions;
      const expected = LAYERS.flatMap((layer) => [...of(reference, `0/${blockHook(layer, 'attn.hook_pattern')}`).data]);
      expectClose(result.patterns, expected, reference.tolerance, 'patterns');
      const weighted = reference.valueWeighted.flat(3);
      expectClose(result.valueWeighted!, weighted, reference.tolerance, 'value-weighted patterns');
      for (const rows of [result.patterns, result.rollout!]) {
        for (let row = 0; row < rows.length / T; row++) {
          const line = rows.subarray(row * T, (row + 1) * T);
          expectClose([line.reduce((sum, x) => sum + x, 0)], [1], 1e-4, `row ${row} sums to 1`);
          expectTrue(
            line.subarray((row % T) + 1).every((x) => x === 0),
            `row ${row} looks at nothing ahead`,
          );
        }
      }
      expectTrue(result.subjectPositions.length > 0, 'the subject has tokens');
      const share = LAYERS.map((layer) => {
        const pattern = of(reference, `0/${blockHook(layer, 'attn.hook_pattern')}`);
        const each = [0, 1, 2, 3].map((head) =>
          result.subjectPositions.reduce((sum, src) => sum + slice(pattern, head, T - 1)[src]!, 0),
        );
        return each.reduce((sum, x) => sum + x, 0) / 4;
      });
      expectClose(result.subjectShare, share, reference.tolerance, 'the subject’s share');
    },
  },
  {
    name: 'heads: scores of the model itself, the same every time',
    async run(api, reference, info) {
      const ask = async () => (await api.runProbe<HeadsResult>({ probe: 'heads' })).result;
      const first = await ask();
      expectEqual([first.n, first.seeds, first.start], [50, 3, 'eos'], 'settings');
      expectEqual(first.labels.length, 16, 'a label per head');
      for (const scores of [first.previous, first.duplicate, first.induction, first.bos]) {
        expectTrue(
          scores.every((score) => score >= 0 && score <= 1),
          'scores are masses',
        );
        expectTrue(
          scores.some((score) => score > 0),
          'scores are not all zero',
        );
      }
      const specs = planHeads({ info, options: parseOptions(heads.options, undefined) });
      const traces = await Promise.all(specs.map((spec) => api.trace(spec)));
      const means = LAYERS.flatMap((layer) =>
        [0, 1, 2, 3].map((head) => {
          const masses = traces.map(({ captures }, seed) =>
            massByDefinition(specs[seed]!.tokens, captures.get(patternHook(layer))!, head),
          );
          return (kind: 'previous' | 'duplicate' | 'induction' | 'bos') =>
            masses.reduce((sum, mass) => sum + mass[kind], 0) / masses.length;
        }),
      );
      for (const kind of ['previous', 'duplicate', 'induction', 'bos'] as const) {
        expectClose(
          first[kind],
          means.map((mean) => mean(kind)),
          reference.tolerance,
          `${kind}, by its definition`,
        );
      }
      const second = await ask();
      expectEqual([...second.induction], [...first.induction], 'asked again');
      await api.release();
      const third = await ask();
      expectClose(third.induction, first.induction, 1e-6, 'computed again');
    },
  },
  {
    name: 'writes on: greedy is the top token each time, a seed repeats itself',
    async run(api, reference) {
      const write = async (options: Partial<ContinuationOptions>, onPart?: (part: GeneratedToken) => void) => {
        const fact = { prompt: PROMPTS[0]!, answers: [] };
        const request = { probe: 'continuation', fact, options };
        const call = onPart ? { onPart } : {};
        return (await api.runProbe<ContinuationResult, GeneratedToken>(request, call)).result;
      };
      const seen: number[] = [];
      const greedy = await write({ maxTokens: 4, alternatives: 3 }, ({ token }) => seen.push(token.id));
      let tokens = tokensOf(reference, 0);
      expectTrue(greedy.tokens.length > 0, 'something is written');
      for (const step of greedy.tokens) {
        const { captures } = await api.trace({ tokens, interventions: [], captures: ['logits'] });
        const row = slice(captures.get('logits')!, -1);
        const best = topK(row, 3);
        expectEqual(step.token.id, best[0], 'greedy token');
        expectEqual(
          step.alternatives.map(({ token }) => token.id),
          best,
          'alternatives',
        );
        expectClose([step.probability], [softmax(row)[best[0]!]!], 1e-5, 'its probability');
        tokens = [...tokens, step.token.id];
      }
      expectEqual(
        seen,
        greedy.tokens.map(({ token }) => token.id),
        'parts in order',
      );
      const ids = async (seed: number) =>
        (await write({ temperature: 1.5, maxTokens: 8, seed })).tokens.map(({ token }) => token.id);
      const once = await ids(7);
      expectEqual(await ids(7), once, 'same seed');
      expectTrue(JSON.stringify(await ids(8)) !== JSON.stringify(once), 'another seed writes something else');
    },
  },
  {
    name: 'cancels, and works on',
    async run(api) {
      const abort = new AbortController();
      abort.abort();
      const before = api.runProbe({ probe: 'heads', options: { seeds: 2 } }, { signal: abort.signal });
      await expectCode(before, 'cancelled', 'cancelled before it began');
      const during = new AbortController();
      const run = api.runProbe(
        { probe: 'heads', options: { seeds: 20 } },
        { signal: during.signal, onProgress: ({ done }) => done > 0 && during.abort() },
      );
      await expectCode(run, 'cancelled', 'cancelled after the first of twenty runs');
      await api.tokenize('still here');
    },
  },
];
