import { describe, expect, it } from 'vitest';
import { StrataError } from '../../core/errors';
import { GraphView } from '../graph';
import { ElementType, type OnnxModel } from '../onnx-model';
import { scanModel } from '../scan';
import { WireWriter } from '../wire';
import { withoutBranches } from './branches';

interface NodeText {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly branches?: Readonly<Record<string, GraphText>>;
}

interface GraphText {
  readonly nodes: readonly NodeText[];
  readonly inputs?: Readonly<Record<string, { readonly type: number; readonly rank: number }>>;
  /** Truth values. */
  readonly constants?: Readonly<Record<string, boolean>>;
  readonly outputs: readonly string[];
}

function writeNode(writer: WireWriter, { op, inputs, outputs, branches = {} }: NodeText): void {
  for (const input of inputs) writer.text(1, input);
  for (const output of outputs) writer.text(2, output);
  writer.text(4, op);
  for (const [name, graph] of Object.entries(branches)) {
    writer.message(5, (attribute) =>
      attribute
        .text(1, name)
        .message(6, (inner) => writeGraph(inner, graph))
        .integer(20, 5),
    );
  }
}

function writeGraph(writer: WireWriter, { nodes, inputs = {}, constants = {}, outputs }: GraphText): WireWriter {
  for (const node of nodes) writer.message(1, (inner) => (writeNode(inner, node), inner));
  for (const [name, value] of Object.entries(constants)) {
    writer.message(5, (tensor) =>
      tensor
        .integer(2, ElementType.BOOL)
        .text(8, name)
        .bytes(9, Uint8Array.of(value ? 1 : 0)),
    );
  }
  for (const [name, { type, rank }] of Object.entries(inputs)) {
    writer.message(11, (value) =>
      value.text(1, name).message(2, (kind) =>
        kind.message(1, (tensor) =>
          tensor.integer(1, type).message(2, (shape) => {
            for (let axis = 0; axis < rank; axis++) shape.message(1, (dim) => dim.text(2, `d${axis}`));
            return shape;
          }),
        ),
      ),
    );
  }
  for (const name of outputs) writer.message(12, (value) => value.text(1, name));
  return writer;
}

function model(graph: GraphText): OnnxModel {
  const writer = new WireWriter().integer(1, 8);
  writer.message(7, (inner) => writeGraph(inner, graph));
  return scanModel(writer.message(8, (opset) => opset.text(1, '').integer(2, 17)).finish());
}

const node = (op: string, inputs: readonly string[], outputs: readonly string[]): NodeText => ({ op, inputs, outputs });
const inputs = {
  x: { type: ElementType.FLOAT, rank: 2 },
  past: { type: ElementType.FLOAT, rank: 4 },
  use_cache: { type: ElementType.BOOL, rank: 1 },
};
const cached: GraphText = {
  nodes: [node('Concat', ['past', 'x'], ['inner']), node('Tanh', ['inner'], ['y'])],
  outputs: ['y'],
};
const plain: GraphText = { nodes: [node('Abs', ['x'], ['inner']), node('Relu', ['inner'], ['y'])], outputs: ['y'] };
const choice = (condition: string, then_branch: GraphText, else_branch: GraphText): NodeText => ({
  ...node('If', [condition], ['y']),
  branches: { then_branch, else_branch },
});
const operators = ({ graph }: OnnxModel): string[] => graph.nodes.map(({ op }) => op);

describe('withoutBranches', () => {
  it('takes the branch that reads no cache, whichever side it is on', () => {
    for (const If of [choice('use_cache', cached, plain), choice('use_cache', plain, cached)]) {
      const spliced = withoutBranches(model({ nodes: [If], inputs, outputs: ['y'] }));
      expect(operators(spliced)).toEqual(['Abs', 'Relu']);
      expect(new GraphView(spliced, new Map()).producer('y')?.op).toBe('Relu');
    }
  });

  it('takes the branch a constant chooses, also inside another branch', () => {
    const inner = choice('no', cached, plain);
    const outer: GraphText = { nodes: [inner], constants: { no: false }, outputs: ['y'] };
    expect(
      operators(withoutBranches(model({ nodes: [choice('use_cache', cached, outer)], inputs, outputs: ['y'] }))),
    ).toEqual(['Abs', 'Relu']);
  });

  it('keeps names of a branch apart from names outside it', () => {
    const outside = node('Neg', ['y'], ['inner']);
    const spliced = withoutBranches(
      model({ nodes: [choice('use_cache', cached, plain), outside], inputs, outputs: ['inner'] }),
    );
    const view = new GraphView(spliced, new Map());
    expect(view.producer('inner')?.op).toBe('Neg');
    expect(view.producer(view.producer('y')!.inputs[0]!)?.op).toBe('Abs');
  });

  it('passes on an outer tensor that a branch gives back as it is', () => {
    const same: GraphText = { nodes: [], outputs: ['x'] };
    const spliced = withoutBranches(model({ nodes: [choice('use_cache', cached, same)], inputs, outputs: ['y'] }));
    expect(spliced.graph.nodes).toMatchObject([{ op: 'Identity', inputs: ['x'], outputs: ['y'] }]);
  });

  it('leaves an If that depends on computed values', () => {
    const nodes = [node('Equal', ['x', 'x'], ['computed']), choice('computed', cached, plain)];
    expect(operators(withoutBranches(model({ nodes, inputs, outputs: ['y'] })))).toEqual(['Equal', 'If']);
  });

  it('finds free names quickly, however often a branch was copied before', () => {
    const choices = Array.from({ length: 20_000 }, (_, index) => ({
      ...choice('use_cache', cached, plain),
      outputs: [`y${index}`],
    }));
    const begin = performance.now();
    const spliced = withoutBranches(model({ nodes: choices, inputs, outputs: ['y0'] }));
    expect(new Set(spliced.graph.nodes.flatMap(({ outputs }) => outputs)).size).toBe(40_000);
    expect(performance.now() - begin).toBeLessThan(10_000);
  }, 60_000);

  it('refuses an If without branches', () => {
    const broken = model({ nodes: [node('If', ['use_cache'], ['y'])], inputs, outputs: ['y'] });
    expect(() => withoutBranches(broken)).toThrow(StrataError);
  });
});
