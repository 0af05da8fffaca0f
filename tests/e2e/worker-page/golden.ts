import { blockHook, expandHooks, type HookName } from '../../../src/core/hooks.ts';
import type { Intervention } from '../../../src/core/interventions.ts';
import type { ModelApi } from '../../../src/core/model-api.ts';
import type { ModelInfo } from '../../../src/core/model.ts';
import { topK } from '../../../src/core/numerics.ts';
import { slice, type Tensor } from '../../../src/core/tensor.ts';
import { expectClose, expectEqual, expectTrue } from '../../contract/expectations.ts';

/** What tests/golden shows in Node, through the worker: one model file, its reference and how close it must come. */
export interface Golden {
  readonly api: ModelApi;
  readonly info: ModelInfo;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Which of the reference's prompts to run. */
  readonly prompts: readonly number[];
  /** Largest absolute difference. */
  readonly tolerance: number;
}

/** Shapes and depths differ between the fixtures: which hooks there are is read from the reference. */
export interface GoldenCheck {
  readonly name: string;
  run(golden: Golden): Promise<void>;
}

const stored = ({ tensors }: Golden, name: string): Tensor => {
  const found = tensors.get(name);
  if (!found) throw new Error(`the reference has no ${name}`);
  return found;
};
const tokensOf = (golden: Golden, prompt: number): number[] => [...stored(golden, `${prompt}/input_ids`).data];

async function run(
  { api }: Golden,
  tokens: readonly number[],
  captures: readonly HookName[],
  interventions: readonly Intervention[] = [],
): Promise<ReadonlyMap<HookName, Tensor>> {
  return (await api.trace({ tokens, interventions, captures })).captures;
}

/** Of float files: PyTorch's numbers. */
export const AS_PYTORCH: readonly GoldenCheck[] = [
  {
    name: 'every stored hook of every prompt',
    async run(golden) {
      expectTrue(golden.prompts.length > 0, 'the reference has prompts');
      for (const prompt of golden.prompts) {
        const names = [...golden.tensors.keys()]
          .filter((name) => name.startsWith(`${prompt}/`))
          .map((name) => name.slice(2))
          .filter((name) => /^(blocks\.|logits$|logit_lens$)/.test(name));
        const { hooks, unmatched } = expandHooks(names.join(), golden.info.hooks);
        expectEqual(unmatched, [], 'hooks of the reference that the model lacks');
        expectEqual(hooks.length, names.length, 'hooks');
        const captures = await run(golden, tokensOf(golden, prompt), hooks);
        for (const hook of hooks) {
          const expected = stored(golden, `${prompt}/${hook}`);
          expectClose(captures.get(hook)!.data, expected.data, golden.tolerance, `prompt ${prompt} ${hook}`);
        }
      }
    },
  },
  {
    name: 'the same top five in every lens cell',
    async run(golden) {
      const withLens = golden.prompts.filter((prompt) => golden.tensors.has(`${prompt}/logit_lens`));
      expectTrue(withLens.length > 0, 'the reference has a lens');
      // Neighbours closer than rounding may stand the other way round.
      const exact = golden.info.dtype === 'fp32' && golden.info.backend === 'wasm';
      const apart = exact ? 1e-5 : golden.tolerance;
      for (const prompt of withLens) {
        const tokens = tokensOf(golden, prompt);
        const { lens } = await golden.api.trace({
          tokens,
          interventions: [],
          captures: [],
          lens: { positions: 'all', midLayers: false, k: 5, targets: [] },
        });
        const reference = stored(golden, `${prompt}/logit_lens`);
        const rows = golden.info.dims.n_layers + 1;
        expectEqual(lens!.topIds.length, rows * tokens.length * 5, 'cells');
        for (let cell = 0; cell < rows * tokens.length; cell++) {
          const logits = slice(reference, Math.floor(cell / tokens.length), cell % tokens.length);
          const best = topK(logits, 5);
          const ours = [...lens!.topIds.subarray(cell * 5, cell * 5 + 5)];
          expectTrue(
            ours.every((id, place) => Math.abs(logits[id]! - logits[best[place]!]!) <= apart),
            `prompt ${prompt} cell ${cell}: ${ours.join()} is not ${best.join()}`,
          );
        }
      }
    },
  },
  {
    name: 'the three interventions',
    async run(golden) {
      for (const prompt of golden.prompts) {
        const tokens = tokensOf(golden, prompt);
        const vector = [...stored(golden, `${prompt}/steer.vector`).data];
        const cases: Readonly<Record<string, Intervention>> = {
          'steer.logits': { kind: 'add', hook: blockHook(1, 'hook_resid_post'), pos: [1], vector },
          'ablate_head_1_2.logits': { kind: 'ablate', hook: blockHook(1, 'attn.hook_z'), head: [2], mode: 'zero' },
          'knockout_edge_last_to_1_layers_1_2.logits': {
            kind: 'knockout',
            layers: [1, 2],
            heads: 'all',
            dest: [tokens.length - 1],
            src: [1],
          },
        };
        for (const [name, intervention] of Object.entries(cases)) {
          const logits = (await run(golden, tokens, ['logits'], [intervention])).get('logits')!;
          const expected = stored(golden, `${prompt}/${name}`);
          expectClose(logits.data, expected.data, golden.tolerance, `${prompt}/${name}`);
        }
      }
    },
  },
];

/** Of every file: what must hold whatever its numbers are. */
export const BY_ITSELF: readonly GoldenCheck[] = [
  {
    name: 'patterns sum to one and never look ahead',
    async run(golden) {
      const tokens = tokensOf(golden, 1);
      const T = tokens.length;
      const patterns = expandHooks('blocks.*.attn.hook_pattern', golden.info.hooks).hooks;
      expectTrue(patterns.length > 0, 'there are patterns');
      const captures = await run(golden, tokens, patterns);
      for (const hook of patterns) {
        const { data } = captures.get(hook)!;
        expectEqual(data.length, golden.info.dims.n_heads * T * T, hook);
        for (let row = 0; row < data.length / T; row++) {
          const looks = data.subarray(row * T, (row + 1) * T);
          expectClose([looks.reduce((sum, share) => sum + share, 0)], [1], 1e-4, `${hook} row ${row}`);
          expectTrue(
            looks.subarray((row % T) + 1).every((share) => share === 0),
            `${hook} row ${row} looks ahead`,
          );
        }
      }
    },
  },
  {
    name: 'the last row of the lens is the model’s own output',
    async run(golden) {
      const captures = await run(golden, tokensOf(golden, 1), ['logit_lens', 'logits']);
      const last = slice(captures.get('logit_lens')!, golden.info.dims.n_layers);
      expectClose(last, captures.get('logits')!.data, 1e-4, 'logits');
    },
  },
  {
    name: 'interventions that change nothing change no digit',
    async run(golden) {
      const { dims, hooks } = golden.info;
      const tokens = tokensOf(golden, 1);
      const plain = (await run(golden, tokens, ['logits'])).get('logits')!;
      const posts = expandHooks('blocks.*.hook_resid_post', hooks).hooks;
      expectEqual(posts.length, dims.n_layers, 'layers');
      const nothing: Intervention[] = posts.map((hook) => ({
        kind: 'add',
        hook,
        vector: new Array<number>(dims.d_model).fill(0),
      }));
      const neutral = (await run(golden, tokens, ['logits'], nothing)).get('logits')!;
      expectClose(neutral.data, plain.data, 0, 'logits');
    },
  },
];
