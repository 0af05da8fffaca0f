import * as ort from 'onnxruntime-web/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { emitModel, makeFloat, makeFloat32, makeInt, makeInts, makeNode } from '../emit';
import { GraphView } from '../graph';
import { ElementType, type OnnxAttribute, type OnnxModel, type OnnxTensor, type ValueInfo } from '../onnx-model';
import { withPlainOperators } from './plain-operators';

const T = 7;

/** Repeatable numbers that look random, standard deviation about one. */
function noise(count: number, seed: number): Float32Array {
  let state = seed * 7919 + 17;
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  return Float32Array.from({ length: count }, () => (uniform() + uniform() + uniform() - 1.5) * 2);
}

type Given = Float32Array | boolean[] | { readonly int32: readonly number[] };

interface Case {
  readonly op: string;
  readonly domain?: string;
  /** In the operator's order; a missing one is `''`. Constants become initializers, the others graph inputs. */
  readonly inputs: readonly (
    '' | { readonly name: string; readonly dims: readonly number[]; readonly values: Given; readonly constant?: true }
  )[];
  readonly attributes: readonly OnnxAttribute[];
  readonly opset?: number;
}

const given = (name: string, dims: readonly number[], seed: number) => ({
  name,
  dims,
  values: noise(
    dims.reduce((a, b) => a * b, 1),
    seed,
  ),
});
const constant = (name: string, dims: readonly number[], seed: number) => ({
  ...given(name, dims, seed),
  constant: true as const,
});
const whole = (name: string, dims: readonly number[], values: readonly number[]) => ({
  name,
  dims,
  values: { int32: values },
  constant: true as const,
});

function elementType(values: Given): number {
  if (values instanceof Float32Array) return ElementType.FLOAT;
  return Array.isArray(values) ? ElementType.BOOL : ElementType.INT32;
}

/** A graph of the one operator between graph inputs and the output `y`. */
function modelOf({ op, domain = 'com.microsoft', inputs, attributes, opset = 21 }: Case): OnnxModel {
  const there = inputs.filter((input) => input !== '');
  const initializers = there
    .filter((input) => input.constant)
    .map(({ name, dims, values }): OnnxTensor => {
      if (values instanceof Float32Array) return makeFloat32(name, values, dims);
      const bytes = new Uint8Array(Int32Array.from('int32' in values ? values.int32 : []).buffer);
      return { name, elementType: ElementType.INT32, dims, data: { kind: 'bytes', bytes } };
    });
  const info = there
    .filter((input) => !input.constant)
    .map(({ name, dims, values }): ValueInfo => ({ name, dims, elementType: elementType(values) }));
  const node = makeNode(
    op,
    inputs.map((input) => (input === '' ? '' : input.name)),
    ['y'],
    attributes,
    domain,
  );
  return {
    irVersion: 9,
    opsets: [
      { domain: '', version: opset },
      { domain: 'com.microsoft', version: 1 },
    ],
    functions: [],
    graph: {
      nodes: [node],
      initializers,
      inputs: info,
      outputs: [{ name: 'y', elementType: ElementType.FLOAT }],
      values: [],
    },
    bytes: new Uint8Array(),
  };
}

async function run(model: OnnxModel, { inputs }: Case): Promise<Float32Array> {
  const { bytes } = emitModel(model, { ...model.graph, outputs: ['y'] });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds: Record<string, ort.Tensor> = {};
  for (const input of inputs) {
    if (input === '' || 'constant' in input) continue;
    const { values } = input;
    feeds[input.name] =
      values instanceof Float32Array
        ? new ort.Tensor('float32', values, input.dims)
        : new ort.Tensor('bool', values as boolean[], input.dims);
  }
  const { y } = await session.run(feeds);
  await session.release();
  return y!.data as Float32Array;
}

/** The fused kernel and the plain form, on the same numbers. */
async function compare(one: Case): Promise<number> {
  const model = modelOf(one);
  const plain = withPlainOperators(new GraphView(model, new Map()), {});
  expect(plain, 'is taken apart').toBeDefined();
  const operators = plain!.graph.nodes.map((node) => node.op);
  expect(operators).toContain('Softmax');
  expect(operators).not.toContain(one.op);
  const [fused, apart] = [await run(model, one), await run(plain!, one)];
  expect(apart.length).toBe(fused.length);
  expect(fused.some((value) => Math.abs(value) > 0.1)).toBe(true);
  return fused.reduce((worst, value, index) => Math.max(worst, Math.abs(value - apart[index]!)), 0);
}

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

const D = 16;
const lengths = [whole('seqlens_k', [1], [T - 1]), whole('total', [], [T])] as const;
const tables = (width: number) => [constant('cos', [32, width], 8), constant('sin', [32, width], 9)] as const;
const grouped = [makeInt('num_heads', 4), makeInt('kv_num_heads', 2)];
const separate = [given('q', [1, T, 4 * D], 1), given('k', [1, T, 2 * D], 2), given('v', [1, T, 2 * D], 3)] as const;
const packed = [given('qkv', [1, T, 8 * D], 4), '', ''] as const;
const rotary = makeInt('do_rotary', 1);

describe('GroupQueryAttention in plain operators', () => {
  const variants: Record<string, Pick<Case, 'inputs' | 'attributes'>> = {
    'separate queries, keys and values': { inputs: [...separate, '', '', ...lengths], attributes: grouped },
    'a joint tensor': { inputs: [...packed, '', '', ...lengths], attributes: grouped },
    'as many keys as queries': {
      inputs: [separate[0], given('k', [1, T, 4 * D], 2), given('v', [1, T, 4 * D], 3), '', '', ...lengths],
      attributes: [makeInt('num_heads', 4), makeInt('kv_num_heads', 4)],
    },
    rotary: { inputs: [...packed, '', '', ...lengths, ...tables(D / 2)], attributes: [...grouped, rotary] },
    'rotary over half of each head': {
      inputs: [given('qkv', [1, T, 8 * 32], 4), '', '', '', '', ...lengths, ...tables(8)],
      attributes: [...grouped, rotary],
    },
    'rotary over neighbours': {
      inputs: [...separate, '', '', ...lengths, ...tables(D / 2)],
      attributes: [...grouped, rotary, makeInt('rotary_interleaved', 1)],
    },
    'a scale of its own': {
      inputs: [...packed, '', '', ...lengths],
      attributes: [...grouped, makeFloat('scale', 0.4)],
    },
    'a soft-cap': { inputs: [...packed, '', '', ...lengths], attributes: [...grouped, makeFloat('softcap', 1.5)] },
    'a local window': {
      inputs: [...separate, '', '', ...lengths],
      attributes: [...grouped, makeInt('local_window_size', 3)],
    },
    'a bias on the scores': {
      inputs: [...separate, '', '', ...lengths, '', '', '', given('bias', [1, 4, T, T], 5)],
      attributes: grouped,
    },
    'soft-cap, window and bias': {
      inputs: [...packed, '', '', ...lengths, '', '', '', given('bias', [1, 1, T, T], 5)],
      attributes: [...grouped, makeFloat('softcap', 2), makeInt('local_window_size', 4)],
    },
    'a sink per head': {
      inputs: [...separate, '', '', ...lengths, '', '', '', '', constant('sink', [4], 6)],
      attributes: grouped,
    },
    'a smooth softmax': {
      inputs: [...packed, '', '', ...lengths],
      attributes: [...grouped, makeInt('smooth_softmax', 1)],
    },
    'sink, soft-cap, window and rotary': {
      inputs: [...packed, '', '', ...lengths, ...tables(D / 2), '', '', constant('sink', [4], 6)],
      attributes: [...grouped, rotary, makeFloat('softcap', 3), makeInt('local_window_size', 3)],
    },
  };
  it.each(Object.entries(variants))('with %s', async (_, variant) => {
    expect(await compare({ op: 'GroupQueryAttention', ...variant })).toBeLessThanOrEqual(2e-6);
  });
});

describe('MultiHeadAttention in plain operators', () => {
  const heads = [makeInt('num_heads', 4)];
  const three = [given('q', [1, T, 4 * D], 1), given('k', [1, T, 4 * D], 2), given('v', [1, T, 4 * D], 3)] as const;
  const triangle = Array.from({ length: T * T }, (_, index) => (index % T <= Math.floor(index / T) ? 1 : 0));
  const variants: Record<string, Pick<Case, 'inputs' | 'attributes'>> = {
    'a causal mask of its own': { inputs: three, attributes: [...heads, makeInt('unidirectional', 1)] },
    'a bias on projections': {
      inputs: [...three, constant('bias', [12 * D], 4)],
      attributes: [...heads, makeInt('unidirectional', 1)],
    },
    'a bias on the scores': { inputs: [...three, '', '', given('scores', [1, 4, T, T], 5)], attributes: heads },
    'a scale of its own': {
      inputs: [...three, '', '', given('scores', [1, 1, T, T], 5)],
      attributes: [...heads, makeFloat('scale', 0.6)],
    },
    'a mask of open keys': {
      inputs: [...three, '', whole('mask', [1, T], new Array<number>(T).fill(1))],
      attributes: [...heads, makeInt('unidirectional', 1)],
    },
    'a mask per query and key': { inputs: [...three, '', whole('mask', [1, T, T], triangle)], attributes: heads },
    'narrower values': {
      inputs: [three[0], three[1], given('v', [1, T, 2 * D], 3)],
      attributes: [...heads, makeInt('unidirectional', 1)],
    },
  };
  it.each(Object.entries(variants))('with %s', async (_, variant) => {
    expect(await compare({ op: 'MultiHeadAttention', ...variant })).toBeLessThanOrEqual(2e-6);
  });
});

describe('com.microsoft.Attention in plain operators', () => {
  const weights = [given('x', [1, T, 24], 1), constant('w', [24, 12 * D], 2), constant('b', [12 * D], 3)] as const;
  const causal = [makeInt('num_heads', 4), makeInt('unidirectional', 1)];
  const variants: Record<string, Pick<Case, 'inputs' | 'attributes'>> = {
    'a joint projection': { inputs: weights, attributes: causal },
    'a mask of open keys': {
      inputs: [...weights, whole('mask', [1, T], new Array<number>(T).fill(1))],
      attributes: causal,
    },
    'sizes of its own': {
      inputs: [weights[0], constant('w', [24, 10 * D], 2), constant('b', [10 * D], 3)],
      attributes: [...causal, makeInts('qkv_hidden_sizes', [4 * D, 4 * D, 2 * D])],
    },
    'a bias on the scores': {
      inputs: [...weights, '', '', given('scores', [1, 4, T, T], 5)],
      attributes: [...causal, makeFloat('scale', 0.3)],
    },
  };
  it.each(Object.entries(variants))('with %s', async (_, variant) => {
    expect(await compare({ op: 'Attention', ...variant })).toBeLessThanOrEqual(1e-5);
  });
});

describe('the standard Attention in plain operators', () => {
  const causal = makeInt('is_causal', 1);
  const rows = [makeInt('q_num_heads', 4), makeInt('kv_num_heads', 2)];
  const fourD = [given('q', [1, 4, T, D], 1), given('k', [1, 2, T, D], 2), given('v', [1, 2, T, D], 3)] as const;
  const open = {
    name: 'mask',
    dims: [T, T],
    values: Array.from({ length: T * T }, (_, index) => index % T <= Math.floor(index / T)),
  };
  const variants: Record<string, Pick<Case, 'inputs' | 'attributes' | 'opset'>> = {
    'four dimensions': { inputs: fourD, attributes: [causal] },
    'three dimensions': { inputs: separate, attributes: [...rows, causal] },
    'a mask of truth values': { inputs: [...fourD, open], attributes: [] },
    'a mask of numbers': {
      inputs: [...separate, given('mask', [1, 1, T, T], 5)],
      attributes: [...rows, makeFloat('scale', 0.5)],
    },
    'soft-cap, mask and causality': {
      inputs: [...fourD, given('mask', [1, 4, T, T], 5)],
      attributes: [causal, makeFloat('softcap', 2)],
    },
    'opset 24': { inputs: [...fourD, open], attributes: [makeFloat('softcap', 2)], opset: 24 },
  };
  it.each(Object.entries(variants))('with %s', async (_, variant) => {
    expect(await compare({ op: 'Attention', domain: '', opset: 23, ...variant })).toBeLessThanOrEqual(2e-6);
  });
});
