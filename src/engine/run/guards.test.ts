import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openZoo } from '../../../tests/golden/zoo';
import { importRuntime } from '../../cli/node-runtime';
import { blockHook, type BlockHook, type HookName } from '../../core/hooks';
import type { MissingPart } from '../../core/missing-reasons';
import { findAnatomy, type Anatomy } from '../../onnx/anatomy';
import { bindCaches } from '../../onnx/cache';
import { inputFillings } from '../../onnx/fillings';
import { GraphView } from '../../onnx/graph';
import { neededInputs } from '../../onnx/inputs';
import { withPlainOperators } from '../../onnx/rewrites/plain-operators';
import { scanModel } from '../../onnx/scan';
import { TrunkSession } from '../session/trunk-session';
import { disagreements, type ShortRuns } from './guards';

const LAYER = 1;
const FIRST = [5, 9, 3, 14, 7, 20];
const SECOND = [5, 9, 3, 20, 7, 14];

/** Layouts whose ways from z and from the neurons to the stream differ: biases, post-norms, factors, quantised weights. */
describe.each(['zoo/optimum-gpt2', 'layouts/genai-gemma2', 'layouts/granite', 'families/bloom'])('%s', (folder) => {
  let view: GraphView;
  let anatomy: Anatomy;
  let runs: ShortRuns;
  let session: TrunkSession;

  beforeAll(async () => {
    const files = await openZoo(folder);
    const file = new GraphView(scanModel(files.graph.bytes), files.external);
    const plain = withPlainOperators(file, files.config);
    view = plain ? new GraphView(plain, files.external) : file;
    anatomy = findAnatomy(view, files.config);
    const { dims, logits, tokens } = anatomy;
    const sizes = { d_head: dims.d_head, d_model: dims.d_model, convolution: undefined };
    const inputs = neededInputs(view, logits);
    const caches = bindCaches(view, inputs, sizes);
    const own = inputs.filter(({ name }) => !caches.names.has(name));
    const plan = {
      tokens,
      logits,
      caches,
      fillings: inputFillings(view, own, tokens, files.config),
      d_vocab: dims.d_vocab,
    };
    const weights = { source: files.graph.bytes, external: files.external };
    const runtime = await importRuntime();
    session = await TrunkSession.open({ runtime, backend: 'wasm', view, anatomy, plan, weights, deadline: 10_000 }, []);
    const hooks = [...anatomy.sites.keys()];
    const run = (tokens: readonly number[]) => session.run([tokens], hooks, [new Map()]);
    runs = { prompts: [FIRST, SECOND], shared: 3, values: [await run(FIRST), await run(SECOND)] };
  }, 60_000);
  afterAll(() => session?.release());

  /** The runs with one hook's values of both prompts changed. */
  function changed(hook: BlockHook, change: (values: Float32Array) => Float32Array): ShortRuns {
    const name = blockHook(LAYER, hook);
    const of = (values: ReadonlyMap<HookName, Float32Array>) =>
      new Map([...values, [name, change(Float32Array.from(values.get(name)!))] as const]);
    return { ...runs, values: [of(runs.values[0]), of(runs.values[1])] };
  }
  const found = (of: ShortRuns): string[] =>
    disagreements(view, anatomy, of, 'exact').map(
      ({ part, layer, reason }: MissingPart) => `${layer} ${part} ${reason.code}`,
    );

  it('agrees with itself', () => {
    expect(found(runs)).toEqual([]);
  });

  it('has values that belong to another head withdrawn', () => {
    const { d_head, n_kv_heads } = anatomy.dims;
    if (n_kv_heads === 1) return;
    // Two heads exchanged; the first numbers of each position are the first head's, or all positions of it.
    const whole = anatomy.sites.get(blockHook(LAYER, 'attn.hook_v'))!.layout === 'heads-first';
    const size = whole ? d_head * FIRST.length : d_head;
    const exchanged = (values: Float32Array): Float32Array =>
      values.map((_, index) => {
        const row = Math.floor(index / (2 * size));
        const at = index % (2 * size);
        return values[row * 2 * size + ((at + size) % (2 * size))]!;
      });
    expect(found(changed('attn.hook_v', exchanged))).toEqual([`${LAYER} attn.hook_v not-its-values`]);
  });

  it('has z withdrawn where W_O does not make attention’s output of it', () => {
    const backwards = (values: Float32Array): Float32Array => {
      const [size] = [values.length / FIRST.length];
      // Within each position or each head, so that nothing comes from a later one.
      return values.map((_, index) => values[index - (index % size) + ((index % size) ^ 1)]!);
    };
    expect(found(changed('attn.hook_z', backwards))).toEqual([
      // Without z there is nothing that v could be held to.
      `${LAYER} attn.hook_v not-its-values`,
      `${LAYER} attn.hook_z not-its-output`,
    ]);
  });

  it('has neurons withdrawn that the output projection does not read', () => {
    const other = (values: Float32Array): Float32Array => values.map((value, index) => value * (1 + (index % 3)));
    expect(found(changed('mlp.hook_post', other))).toEqual([
      `${LAYER} mlp.hook_post not-its-output`,
      `${LAYER} mlp.hook_pre not-its-output`,
    ]);
  });

  it('has patterns withdrawn whose rows do not sum to one', () => {
    expect(found(changed('attn.hook_pattern', (values) => values.map((value) => 0.9 * value)))).toContain(
      `${LAYER} attn.hook_pattern row-sums`,
    );
  });

  it('has outputs withdrawn that are not what is added', () => {
    const half = (values: Float32Array): Float32Array => values.map((value) => value / 2);
    expect(found(changed('hook_attn_out', half))).toEqual([`${LAYER} hook_attn_out not-its-sum`]);
    expect(found(changed('hook_mlp_out', half))).toEqual([`${LAYER} hook_mlp_out not-its-sum`]);
  });

  it('has hooks withdrawn whose positions lie elsewhere, or whose size is another', () => {
    const turned = (values: Float32Array): Float32Array => {
      const width = values.length / FIRST.length;
      return values.map((_, index) => values[(index % FIRST.length) * width + Math.floor(index / FIRST.length)]!);
    };
    expect(found(changed('mlp.hook_pre', turned))).toEqual([`${LAYER} mlp.hook_pre other-order`]);
    expect(found(changed('mlp.hook_pre', (values) => values.slice(1)))).toEqual([`${LAYER} mlp.hook_pre value-count`]);
  });
});
