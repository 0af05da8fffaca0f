import { blockHook } from '../../src/core/hooks.ts';
import type { ModelApi } from '../../src/core/model-api.ts';
import type { ModelInfo } from '../../src/core/model.ts';
import { rankOf, softmax, topK } from '../../src/core/numerics.ts';
import { slice, type Tensor } from '../../src/core/tensor.ts';
import type { EmergenceResult } from '../../src/probes/emergence/meta.ts';
import type { LensResult } from '../../src/probes/lens/meta.ts';
import { expectClose, expectEqual, expectTrue } from './expectations.ts';

/** Texts of the reference's prompts 0, 1, 2. */
export const PROMPTS = [
  'The capital of France is',
  'Berlin is the capital of Germany and Rome is the capital of',
  'Monday, Tuesday, Wednesday,',
];

/** What transformers computed for a folder of tests/fixtures/zoo, see its README. */
export interface Reference {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** `[layer][head][dest][src]` for prompt 0 of optimum-gpt2, see value_weighted.py. */
  readonly valueWeighted: readonly (readonly (readonly (readonly number[])[])[])[];
  /** Largest absolute difference: 1e-4 for WASM, 1e-3 for WebGPU. */
  readonly tolerance: number;
  /** Which of the reference's prompts to run; every length costs a software GPU new shaders. */
  readonly prompts: readonly number[];
}

export interface Check {
  readonly name: string;
  /** Asks with a text, which a model without a tokenizer cannot read. */
  readonly asksWithText?: true;
  run(api: ModelApi, reference: Reference, info: ModelInfo): Promise<void>;
}

export const of = (reference: Reference, name: string): Tensor => {
  const found = reference.tensors.get(name);
  if (!found) throw new Error(`the reference has no ${name}`);
  return found;
};
export const tokensOf = (reference: Reference, prompt: number): number[] => [
  ...of(reference, `${prompt}/input_ids`).data,
];

/** What every family's reference allows to check. */
export const PARITY: readonly Check[] = [
  {
    name: 'tokenizes as transformers does, and describes ids',
    asksWithText: true,
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
    async run(api, reference, { dims }) {
      const layers = Array.from({ length: dims.n_layers }, (_, layer) => layer);
      for (const prompt of reference.prompts) {
        const beyond = `${prompt}/${blockHook(dims.n_layers, 'hook_resid_pre')}`;
        expectTrue(!reference.tensors.has(beyond), 'the model has as many layers as the reference');
        const hooks = layers.flatMap((layer) => [
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
      for (const prompt of reference.prompts) {
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
    asksWithText: true,
    async run(api, reference) {
      for (const prompt of reference.prompts) {
        const text = PROMPTS[prompt]!;
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
    asksWithText: true,
    async run(api, reference) {
      const prompt = reference.prompts[0]!;
      const logits = of(reference, `${prompt}/logit_lens`);
      const last = logits.dims[1]! - 1;
      const fact = { prompt: PROMPTS[prompt]!, answers: ['the'], foil: 'and' };
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
];
