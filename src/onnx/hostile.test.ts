import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import { findAnatomy } from './anatomy';
import { emitModel, makeFloat32, makeInt, makeInt64, makeNode, type GraphParts } from './emit';
import { GraphView } from './graph';
import { ElementType, type OnnxAttribute, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx-model';
import { withoutBranches } from './rewrites/branches';
import { checkSafety } from './safety';
import { scanModel } from './scan';
import { WireWriter } from './wire';

const EMPTY: OnnxModel = {
  irVersion: 8,
  opsets: [{ domain: '', version: 17 }],
  functions: [],
  bytes: new Uint8Array(),
  graph: { nodes: [], initializers: [], inputs: [], outputs: [], values: [] },
};
const INPUT = { name: 'x', elementType: ElementType.FLOAT, dims: [1] };

function file(parts: Partial<GraphParts>): Uint8Array {
  return emitModel(EMPTY, {
    nodes: [makeNode('Neg', ['x'], ['y'])],
    initializers: [],
    inputs: [INPUT],
    outputs: ['y'],
    ...parts,
  }).bytes;
}

/** What reading the file says: a code and one plain sentence. */
function refusal(bytes: Uint8Array, external = new Map<string, Uint8Array>()): string {
  try {
    const model = withoutBranches(scanModel(bytes));
    checkSafety(model, external);
    new GraphView(model, external);
  } catch (cause) {
    if (!(cause instanceof StrataError)) return `not ours: ${String(cause)}`;
    expect(cause.message).toMatch(/^\p{Lu}[^\p{Cc}<>]{10,300}\.$/u);
    return `${cause.code}: ${cause.message}`;
  }
  return 'accepted';
}

/** An attribute that holds a graph of these operators, one after the other. */
function graphAttribute(name: string, ...nodes: readonly OnnxNode[]): OnnxAttribute {
  const record = new WireWriter()
    .text(1, name)
    .message(6, (graph) => {
      for (const { op, inputs, outputs, attributes } of nodes) {
        graph.message(1, (node) => {
          for (const input of inputs) node.text(1, input);
          for (const output of outputs) node.text(2, output);
          node.text(4, op);
          for (const attribute of attributes) node.bytes(5, attribute.record);
          return node;
        });
      }
      return graph.message(12, (value) => value.text(1, 'inner'));
    })
    .integer(20, 5)
    .finish();
  return { name, record };
}

/** A decision that is only made when the model runs, so that both branches stay in the graph. */
function undecided(...nodes: readonly OnnxNode[]): Uint8Array {
  const branches = ['then_branch', 'else_branch'].map((name) => graphAttribute(name, ...nodes));
  return file({ nodes: [makeNode('Cast', ['x'], ['c'], [makeInt('to', 9)]), makeNode('If', ['c'], ['y'], branches)] });
}

function outside(location: string, offset: number, length: number): OnnxTensor {
  return {
    name: 'w',
    elementType: ElementType.UINT8,
    dims: [length],
    data: { kind: 'external', location, offset, length },
  };
}

describe('hostile model files', () => {
  it('accepts the harmless one the others are made from', () => {
    expect(refusal(file({}))).toBe('accepted');
  });

  it('refuses bytes that are no protobuf, cut off, or lie about lengths', () => {
    expect(refusal(new TextEncoder().encode('<!doctype html><title>Sign in</title>'))).toMatch(/^malformed-model/);
    expect(refusal(new Uint8Array())).toMatch(/no graph/);
    const good = file({});
    expect(refusal(good.subarray(0, good.length - 5))).toMatch(/^malformed-model/);
    expect(refusal(new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f]))).toMatch(/past the end/);
    expect(refusal(new Uint8Array(20).fill(0xff))).toMatch(/longer than ten bytes/);
  });

  it('refuses graphs that cannot be executed', () => {
    const circle = [makeNode('Add', ['x', 'b'], ['a']), makeNode('Neg', ['a'], ['b']), makeNode('Neg', ['b'], ['y'])];
    expect(refusal(file({ nodes: circle }))).toMatch(/runs in a circle/);
    expect(refusal(file({ nodes: [makeNode('Neg', ['nowhere'], ['y'])] }))).toMatch(/nobody makes/);
    expect(refusal(file({ nodes: [makeNode('Neg', ['x'], ['y']), makeNode('Abs', ['x'], ['y'])] }))).toMatch(
      /made twice/,
    );
    expect(refusal(file({ nodes: [] }))).toMatch(/empty graph/);
  });

  it('refuses operators no decoder needs, without repeating markup from the file', () => {
    expect(refusal(file({ nodes: [makeNode('Loop', ['x'], ['y'])] }))).toMatch(/^unsupported-model.*Loop/);
    const foreign = refusal(file({ nodes: [makeNode('Neg', ['x'], ['y'], [], '<img src=x onerror=alert(1)>\u0007')] }));
    expect(foreign).toMatch(/^unsupported-model/);
    expect(foreign).not.toMatch(/[<>]|\p{Cc}/u);
  });

  it('looks into graphs inside the graph', () => {
    expect(refusal(undecided(makeNode('Neg', ['x'], ['inner'])))).toBe('accepted');
    expect(refusal(undecided(makeNode('Loop', ['x'], ['inner'])))).toMatch(/^unsupported-model.*Loop/);
    const deep = (depth: number): OnnxNode =>
      depth === 0
        ? makeNode('Scan', ['x'], ['inner'])
        : makeNode('If', ['c'], ['inner'], [graphAttribute('then_branch', deep(depth - 1))]);
    expect(refusal(undecided(deep(3)))).toMatch(/^unsupported-model.*Scan/);
    expect(refusal(undecided(deep(40)))).toMatch(/^malformed-model.*too deeply/);
    const many = Array.from({ length: 60_000 }, (_, index) => makeNode('Neg', ['x'], [`n${index}`]));
    expect(refusal(undecided(...many))).toMatch(/^model-too-large.*100,000/);
  });

  it('refuses a file that says itself what a standard operator does', () => {
    const withFunction = (domain: string): Uint8Array => {
      const body = new WireWriter().text(1, 'Neg').text(10, domain).finish();
      return new Uint8Array([...file({}), ...new WireWriter().bytes(25, body).finish()]);
    };
    expect(refusal(withFunction('pkg.exporter'))).toBe('accepted');
    expect(refusal(withFunction(''))).toMatch(/^unsupported-model.*standard operator/);
  });

  it('keeps what operators are called out of messages', () => {
    const op = `<script>\u0000${'x'.repeat(1000)}`;
    const nodes = [makeNode(op, ['x'], ['logits'])];
    const view = new GraphView(scanModel(file({ nodes, outputs: ['logits'] })), new Map());
    expect(() => findAnatomy(view, {})).toThrow(/\?script\?\?x+…/);
  });

  it('refuses a million nodes without building them', () => {
    const node = new WireWriter().message(1, (inner) => inner.text(1, 'x').text(2, 'y').text(4, 'Neg')).finish();
    const nodes = new Uint8Array(node.length * 1_000_000);
    for (let at = 0; at < nodes.length; at += node.length) nodes.set(node, at);
    const bytes = new WireWriter()
      .bytes(7, nodes)
      .message(8, (opset) => opset.integer(2, 17))
      .finish();
    expect(refusal(bytes)).toMatch(/^malformed-model.*200,000/);
    const fewer = Array.from({ length: 120_000 }, (_, index) => makeNode('Neg', ['x'], [`y${index}`]));
    expect(refusal(file({ nodes: fewer }))).toMatch(/^model-too-large.*100,000/);
  }, 60_000);

  it('takes no longer for very many layers than there are layers', () => {
    const layers = 30_000;
    const nodes = [makeNode('Gather', ['table', 'input_ids'], ['h0'])];
    for (let layer = 0; layer < layers; layer++) {
      nodes.push(makeNode('Mul', [`h${layer}`, 'h0'], [`m${layer}`]));
      nodes.push(makeNode('Add', [`h${layer}`, `m${layer}`], [`h${layer + 1}`]));
    }
    nodes.push(makeNode('LayerNormalization', [`h${layers}`, 'gain'], ['n']));
    nodes.push(makeNode('MatMul', ['n', 'head'], ['logits']));
    const bytes = file({
      nodes,
      inputs: [{ name: 'input_ids', elementType: ElementType.INT64, dims: [1, 'T'] }],
      initializers: [
        makeFloat32('table', new Float32Array(32), [8, 4]),
        makeFloat32('gain', new Float32Array(4)),
        makeFloat32('head', new Float32Array(32), [4, 8]),
      ],
      outputs: ['logits'],
    });
    const view = new GraphView(scanModel(bytes), new Map());
    const begin = performance.now();
    expect(() => findAnatomy(view, {})).toThrow(/layer 1 was not recognised: it has no MLP/);
    expect(performance.now() - begin).toBeLessThan(10_000);
  }, 60_000);

  it('ends walks through a graph that would not end', () => {
    const view = new GraphView(scanModel(file({})), new Map());
    const walk = (): void => {
      for (;;) view.producer('y');
    };
    expect(walk).toThrow(expect.objectContaining({ code: 'unknown-anatomy' }));
  }, 60_000);

  it('follows long chains of conversions without running out of stack', () => {
    const nodes = [makeNode('Identity', ['w'], ['w0'])];
    for (let link = 0; link < 50_000; link++) nodes.push(makeNode('Identity', [`w${link}`], [`w${link + 1}`]));
    nodes.push(makeNode('MatMul', ['x', 'w50000'], ['logits']));
    const w = makeFloat32('w', new Float32Array(4), [2, 2]);
    const view = new GraphView(scanModel(file({ nodes, initializers: [w], outputs: ['logits'] })), new Map());
    expect(() => findAnatomy(view, {})).toThrow(expect.objectContaining({ code: 'unknown-anatomy' }));
  });

  it('keeps external data within the chosen files', () => {
    const weights = new Map([['w.bin', new Uint8Array(16)]]);
    expect(refusal(file({ initializers: [outside('w.bin', 0, 16)] }), weights)).toBe('accepted');
    expect(refusal(file({ initializers: [outside('w.bin', 8, 16)] }), weights)).toMatch(
      /^malformed-model.*beyond the end/,
    );
    expect(refusal(file({ initializers: [outside('../../etc/passwd', 0, 16)] }), weights)).toMatch(/^missing-file/);
  });

  it('refuses tensors whose size is impossible or not what is stored', () => {
    const wrong: OnnxTensor = { ...makeInt64('w', [1, 2, 3]), dims: [4] };
    expect(refusal(file({ initializers: [wrong] }))).toMatch(/says it holds 4 values/);
    const negative: OnnxTensor = { ...makeInt64('w', []), dims: [-1] };
    expect(refusal(file({ initializers: [negative] }))).toMatch(/negative dimension/);
    const huge: OnnxTensor = { ...makeInt64('w', []), dims: [2 ** 40, 2 ** 40] };
    expect(refusal(file({ initializers: [huge] }))).toMatch(/impossibly large/);
  });

  it('reads numbers of every length and sign', () => {
    for (const value of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER, -1, -128, -(2 ** 40)]) {
      const bytes = file({ nodes: [makeNode('Neg', ['x'], ['y'], [makeInt('i', value)])] });
      expect(scanModel(bytes).graph.nodes[0]!.attributes[0]!.i).toBe(value);
    }
    expect(new WireWriter().integer(1, 300).finish()).toEqual(new Uint8Array([0x08, 0xac, 0x02]));
  });
});
