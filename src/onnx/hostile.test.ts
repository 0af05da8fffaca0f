import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import { emitModel, makeInt, makeInt64, makeNode, type GraphParts } from './emit';
import { GraphView } from './graph';
import { ElementType, type OnnxModel, type OnnxTensor } from './model';
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

function refusal(bytes: Uint8Array, external = new Map<string, Uint8Array>()): string {
  try {
    const model = scanModel(bytes);
    checkSafety(model, external);
    new GraphView(model, external);
  } catch (cause) {
    return cause instanceof StrataError ? `${cause.code}: ${cause.message}` : `not ours: ${String(cause)}`;
  }
  return 'accepted';
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

  it('refuses a million nodes', () => {
    const nodes = Array.from({ length: 250_000 }, (_, index) => makeNode('Neg', ['x'], [`y${index}`]));
    expect(refusal(file({ nodes }))).toMatch(/^malformed-model.*200,000/);
    expect(refusal(file({ nodes: nodes.slice(0, 120_000) }))).toMatch(/^model-too-large.*100,000/);
  }, 60_000);

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
