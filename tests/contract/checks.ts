import { blockHook } from '../../src/core/hooks.ts';
import type { ModelApi } from '../../src/core/model-api.ts';
import type { ModelInfo } from '../../src/core/model.ts';
import { rankOf, softmax, topK } from '../../src/core/numerics.ts';
import { slice, type Tensor } from '../../src/core/tensor.ts';
import type { AttentionResult } from '../../src/probes/attention/meta.ts';
import type { EmergenceResult } from '../../src/probes/emergence/meta.ts';
import type { HeadsResult } from '../../src/probes/heads/meta.ts';
import type { LensResult } from '../../src/probes/lens/meta.ts';
import { expectClose, expectCode, expectEqual, expectTrue } from './expectations.ts';

/** Texts of the reference's prompts 0, 1, 2. */
export const PROMPTS = [
  'The capital of France is',
  'Berlin is the capital of Germany and Rome is the capital of',
  'Monday, Tuesday, Wednesday,',
];

/** What transformers computed for tests/fixtures/zoo/optimum-gpt2, see its README. */
export interface Reference {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** `[layer][head][dest][src]` for prompt 0, see value_weighted.py. */
  readonly valueWeighted: readonly (readonly (readonly (readonly number[])[])[])[];
  /** Largest absolute difference: 1e-4 for WASM, 1e-3 for WebGPU. */
  readonly tolerance: number;
}

export interface Check {
  readonly name: string;
  run(api: ModelApi, reference: Reference, info: ModelInfo): Promise<void>;
}

const of = (reference: Reference, name: string): Tensor => {
  const found = reference.tensors.get(name);
  if (!found) throw new Error(`the reference has no ${name}`);
  return found;
};
const tokensOf = (reference: Reference, prompt: number): number[] => [...of(reference, `${prompt}/input_ids`).data];
const LAYERS = [0, 1, 2, 3];

/** The contract of {@link ModelApi} on tests/fixtures/zoo/optimum-gpt2, whichever thread the model lives in. */
export const CHECKS: readonly Check[] = [
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
    name: 'tokenizes as transformers does, and describes ids',
    async run(api, reference) {
      for (const [prompt, text] of PROMPTS.entries()) {
        const tokens = await api.tokenize(text);
        expectEqual(
          tokens.map((token) => token.id),
          tokensOf(reference, prompt),
          text,
        );
        expectEqual(tokens.map((token) => text.slice(token.start, token.end)).join(''), text, 'ranges cover the text');
        const again = await api.describe(tokens.map((token) => token.id));
        expectEqual(
          again.map((token) => token.text),
          tokens.map((token) => token.text),
          'describe',
        );
      }
    },
  },
  {
    name: 'traces the hooks of the reference',
    async run(api, reference) {
      for (const prompt of PROMPTS.keys()) {
        const hooks = LAYERS.flatMap((layer) => [
          blockHook(layer, 'hook_resid_pre'),
          blockHook(layer, 'attn.hook_pattern'),
          blockHook(layer, 'attn.hook_z'),
          blockHook(layer, 'hook_resid_post'),
        ]);
        const captures = [...hooks, 'logits'] as const;
        const trace = await api.trace({ tokens: tokensOf(reference, prompt), interventions: [], captures });
        expectEqual([...trace.captures.keys()].toSorted(), captures.toSorted(), 'exactly the captures asked for');
        for (const [hook, tensor] of trace.captures) {
          const expected = of(reference, `${prompt}/${hook}`);
          expectEqual(tensor.dims, expected.dims, `shape of ${hook}`);
          expectClose(tensor.data, expected.data, reference.tolerance, `prompt ${prompt} ${hook}`);
        }
      }
    },
  },
  {
    name: 'intervenes as the reference does',
    async run(api, reference) {
      for (const prompt of PROMPTS.keys()) {
        const vector = [...of(reference, `${prompt}/steer.vector`).data];
        const cases = {
          'steer.logits': { kind: 'add', hook: blockHook(1, 'hook_resid_post'), pos: [1], vector },
          'ablate_head_1_2.logits': { kind: 'ablate', hook: blockHook(1, 'attn.hook_z'), head: [2], mode: 'zero' },
          'knockout_edge_last_to_1_layers_1_2.logits': {
            kind: 'knockout',
            layers: [1, 2],
            heads: 'all',
            dest: [-1],
            src: [1],
          },
        } as const;
        for (const [name, intervention] of Object.entries(cases)) {
          const spec = {
            tokens: tokensOf(reference, prompt),
            interventions: [intervention],
            captures: ['logits'] as const,
          };
          const { captures } = await api.trace(spec);
          const expected = of(reference, `${prompt}/${name}`).data;
          expectClose(captures.get('logits')!.data, expected, reference.tolerance, `${prompt}/${name}`);
        }
      }
    },
  },
  {
    name: 'lens: every cell as the reference, top 5 identical, ends in the logits',
    async run(api, reference) {
      for (const [prompt, text] of PROMPTS.entries()) {
        const logits = of(reference, `${prompt}/logit_lens`);
        const T = logits.dims[1]!;
        const fact = { prompt: text, answers: ['the'], foil: 'and' };
        const { result, labels } = await api.runProbe<LensResult>({ probe: 'lens', fact });
        const { table } = result;
        expectEqual(table.rowDepth, [0, 1, 2, 3, 4], 'rows');
        expectEqual(table.positions.length, T, 'columns');
        for (let row = 0; row < 5; row++) {
          for (let column = 0; column < T; column++) {
            const cell = row * T + column;
            const expected = slice(logits, row, column);
            const p = softmax(expected);
            const top = topK(expected, 5);
            const what = `prompt ${prompt} row ${row} column ${column}`;
            const topIds = [...table.topIds.subarray(cell * table.k, cell * table.k + 5)];
            expectEqual(topIds, top, `${what} top 5`);
            const topProbs = table.topProbs.subarray(cell * table.k, cell * table.k + 5);
            expectClose(
              topProbs,
              top.map((id) => p[id]!),
              reference.tolerance,
              `${what} p`,
            );
            expectTrue(labels[topIds[0]!]?.id === topIds[0], `${what} has a label`);
            const ids = result.answerIds;
            const sum = ids.reduce((total, id) => total + p[id]!, 0);
            expectClose([result.answerProbs[cell]!], [sum], reference.tolerance, `${what} p(answer)`);
          }
        }
      }
    },
  },
  {
    name: 'emergence: the column of the answer, from the reference’s own logits',
    async run(api, reference) {
      const logits = of(reference, '0/logit_lens');
      const last = logits.dims[1]! - 1;
      const fact = { prompt: PROMPTS[0]!, answers: ['the'], foil: 'and' };
      const { result, prepared } = await api.runProbe<EmergenceResult>({ probe: 'emergence', fact });
      expectEqual(result.position, prepared!.answers[0]!.promptLength - 1, 'position');
      expectEqual(result.position, last, 'the answer follows the last token');
      const id = prepared!.answers[0]!.tokens[0]!.id;
      const foil = prepared!.foil!.tokens[0]!.id;
      for (let row = 0; row < 5; row++) {
        const expected = slice(logits, row, last);
        const p = softmax(expected);
        expectClose([result.p[row]!], [p[id]!], reference.tolerance, `p in row ${row}`);
        expectClose([result.foilP![row]!], [p[foil]!], reference.tolerance, `foil p in row ${row}`);
        const difference = expected[id]! - expected[foil]!;
        expectClose([result.logitDiff![row]!], [difference], 2 * reference.tolerance, `logit difference in row ${row}`);
        expectEqual(result.rank[row], rankOf(expected, id), `rank in row ${row}`);
        expectEqual(result.topIds[row], topK(expected, 1)[0], `top token in row ${row}`);
      }
      expectEqual(result.verdict!.rank, result.rank[4], 'verdict rank');
      expectEqual(result.verdict!.saysId, topK(slice(logits, 4, last), 1)[0], 'what it says');
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
    async run(api) {
      const ask = async () => (await api.runProbe<HeadsResult>({ probe: 'heads' })).result;
      const first = await ask();
      expectEqual([first.n, first.seeds, first.hasBos], [50, 3, false], 'settings');
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
      const request = { prompt: PROMPTS[0]!, maxTokens: 4, temperature: 0, topK: 0, topP: 1, seed: 7, alternatives: 3 };
      const seen: number[] = [];
      const greedy = await api.generate(request, { onProgress: ({ token }) => seen.push(token.id) });
      let tokens = tokensOf(reference, 0);
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
        'progress in order',
      );
      const sampled = { ...request, temperature: 1.5, maxTokens: 8 };
      const ids = async (seed: number) =>
        (await api.generate({ ...sampled, seed })).tokens.map(({ token }) => token.id);
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
