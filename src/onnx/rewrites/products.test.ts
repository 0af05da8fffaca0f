import * as ort from 'onnxruntime-web/wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { emitModel, makeFloat, makeFloat32, makeInt, makeNode } from '../emit';
import { GraphView } from '../graph';
import { ElementType, type OnnxAttribute, type OnnxModel, type OnnxNode } from '../onnx-model';
import { WireWriter } from '../wire';
import { withPlainOperators } from './plain-operators';

const X = [1, -2, 0.5, 3, -0.25, 2];
const W = [0.5, -1, 2, 1, -0.5, 0.25];
const MICROSOFT = 'com.microsoft';

function makeText(name: string, s: string): OnnxAttribute {
  return { name, s, record: new WireWriter().text(1, name).text(4, s).integer(20, 3).finish() };
}

/** `x` `[2, 3]` to `y` over the nodes; the weights are `w` `[3, 2]`, `b` `[2]` and `one` `[1]`. */
function modelOf(nodes: readonly OnnxNode[]): OnnxModel {
  return {
    irVersion: 9,
    opsets: [
      { domain: '', version: 17 },
      { domain: MICROSOFT, version: 1 },
    ],
    functions: [],
    graph: {
      nodes,
      initializers: [makeFloat32('w', W, [3, 2]), makeFloat32('b', [0.1, -0.2]), makeFloat32('one', [1])],
      inputs: [{ name: 'x', elementType: ElementType.FLOAT, dims: [2, 3] }],
      outputs: [{ name: 'y', elementType: ElementType.FLOAT }],
      values: [],
    },
    bytes: new Uint8Array(),
  };
}

async function run(model: OnnxModel, output = 'y'): Promise<number[]> {
  const { bytes } = emitModel(model, { ...model.graph, outputs: [output] });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const results = await session.run({ x: new ort.Tensor('float32', Float32Array.from(X), [2, 3]) });
  await session.release();
  return Array.from(results[output]!.data as Float32Array);
}

/** The model taken apart; it has to give what it gave. */
async function apart(model: OnnxModel): Promise<OnnxModel> {
  const plain = withPlainOperators(new GraphView(model, new Map()), {});
  expect(plain, 'is taken apart').toBeDefined();
  const [before, after] = [await run(model), await run(plain!)];
  after.forEach((value, index) => expect(value).toBeCloseTo(before[index]!, 6));
  return plain!;
}

const maker = (model: OnnxModel, name: string): OnnxNode =>
  model.graph.nodes.find((node) => node.outputs.includes(name))!;

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

describe('FusedGemm in plain operators', () => {
  const gemm = (activation: string): OnnxModel =>
    modelOf([
      makeNode(
        'FusedGemm',
        ['x', 'w', 'b'],
        ['y'],
        [makeText('activation', activation), makeFloat('alpha', 1)],
        MICROSOFT,
      ),
    ]);

  it('gives the product before the activation', async () => {
    const plain = await apart(gemm('Relu'));
    expect(maker(plain, 'y').op).toBe('Relu');
    const product = await run(plain, maker(plain, 'y').inputs[0]!);
    expect(Math.min(...product)).toBeLessThan(0);
  });

  it('is left whole with an activation that has numbers of its own', () => {
    expect(withPlainOperators(new GraphView(gemm('LeakyRelu'), new Map()), {})).toBeUndefined();
  });
});

describe('FusedMatMul with a factor in plain operators', () => {
  const product = (input: string, alpha: number, weight = 'w'): OnnxNode =>
    makeNode('FusedMatMul', [input, weight], ['y'], [makeFloat('alpha', alpha), makeInt('transB', 0)], MICROSOFT);
  const gelu = (alpha: number): OnnxModel =>
    modelOf([
      makeNode('Tanh', ['x'], ['tanh']),
      makeNode('Add', ['one', 'tanh'], ['more']),
      makeNode('Mul', ['x', 'more'], ['twice']),
      product('twice', alpha),
    ]);

  it('gives a GELU its half back', async () => {
    const plain = await apart(gelu(0.5));
    expect(maker(plain, 'y').op).toBe('FusedMatMul');
    const complete = await run(plain, maker(plain, 'y').inputs[0]!);
    complete.forEach((value, index) => expect(value).toBeCloseTo((X[index]! * (1 + Math.tanh(X[index]!))) / 2, 6));
  });

  it('takes any other factor for a scale of the product', async () => {
    for (const model of [gelu(0.22), modelOf([product('x', 0.5)])]) {
      expect(maker(await apart(model), 'y').op).toBe('Mul');
    }
  });

  it('is left whole where two activations meet', () => {
    const scores = modelOf([makeNode('Transpose', ['x'], ['turned']), product('x', 0.5, 'turned')]);
    expect(withPlainOperators(new GraphView(scores, new Map()), {})).toBeUndefined();
  });
});
