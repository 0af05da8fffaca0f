import { toHalf } from '../constants';
import { makeFloatLike, makeInt, makeInt64, makeInts, makeNode } from '../emit';
import type { GraphView } from '../graph';
import {
  ElementType,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../onnx-model';
import { isProjection, projectionDims } from '../projection';

/** Operators whose result is as wide as the activation they read. */
const SAME_WIDTH = new Set([
  'Add',
  'Mul',
  'Cast',
  'Identity',
  'Dropout',
  'RotaryEmbedding',
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
]);

/** Most operators that are followed to learn a width. */
const MAX_BEHIND = 8;

/** Collects the nodes and constants that stand in for one fused operator after another. */
export class Rewriter {
  readonly nodes: OnnxNode[] = [];
  private readonly dropped = new Set<OnnxNode>();
  private readonly initializers: OnnxTensor[] = [];
  private readonly shared = new Map<string, string>();
  private readonly stated = new Map<string, ValueInfo['dims']>();
  private serial = 0;

  constructor(
    readonly view: GraphView,
    readonly config: Readonly<Record<string, unknown>>,
  ) {
    const { inputs, values } = view.model.graph;
    for (const { name, dims } of [...inputs, ...values]) if (dims) this.stated.set(name, dims);
  }

  /** Takes a further node out of the graph, whose result the collected ones give. */
  drop(node: OnnxNode): void {
    this.dropped.add(node);
  }

  fresh(): string {
    return `strata.r${this.serial++}`;
  }

  add(
    op: string,
    inputs: readonly string[],
    attributes: readonly OnnxAttribute[] = [],
    output = this.fresh(),
    domain = '',
  ): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes, domain));
    return output;
  }

  /** Made once for the whole graph. */
  once(key: string, make: () => string): string {
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.shared.set(key, name);
    return name;
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.once(`int64:${values.join()}:${dims.join()}`, () => {
      const name = `strata.i${this.serial++}`;
      this.initializers.push(makeInt64(name, values, dims));
      return name;
    });
  }

  /** A constant of the element type it will meet. */
  float(value: number, elementType: number): string {
    return this.once(`float:${value}:${elementType}`, () => {
      const name = `strata.f${this.serial++}`;
      this.initializers.push(makeFloatLike(name, [value], elementType, toHalf));
      return name;
    });
  }

  reshape(name: string, shape: readonly number[], output?: string): string {
    return this.add('Reshape', [name, this.int64(shape)], [], output);
  }

  transpose(name: string, perm: readonly number[], output?: string): string {
    return this.add('Transpose', [name], [makeInts('perm', perm)], output);
  }

  /** Dimensions as far as the file states them; undefined for the unknown ones, and as a whole without a shape. */
  dims(name: string): readonly (number | undefined)[] | undefined {
    for (let at = name; ;) {
      const known = this.stated.get(at)?.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : undefined));
      if (known) return known;
      const node = this.view.producer(at);
      if (node?.op !== 'Cast' || !node.inputs[0]) return this.view.constant(at)?.dims;
      at = node.inputs[0];
    }
  }

  /** Size of the last dimension, from what the file states or from the operators that made the tensor. */
  lastDim(name: string, behind = 0): number | undefined {
    const { view } = this;
    const stated = this.dims(name)?.at(-1);
    if (stated !== undefined) return stated;
    const node = view.producer(name);
    if (!node || behind === MAX_BEHIND) return undefined;
    if (isProjection(view, node)) return projectionDims(view, node)?.[1];
    if (node.op === 'Reshape') {
      const last = view.numbers(node.inputs[1] ?? '')?.at(-1);
      return last !== undefined && last > 0 ? last : undefined;
    }
    if (SAME_WIDTH.has(node.op)) {
      return node.inputs
        .filter((input) => !view.isConstant(input))
        .map((input) => this.lastDim(input, behind + 1))
        .find(Boolean);
    }
    return undefined;
  }

  /** A dimension that is only known when it runs, as an int64 scalar. */
  size(name: string, axis: number): string {
    return this.add('Gather', [this.add('Shape', [name]), this.int64([axis], [])], [makeInt('axis', 0)]);
  }

  /** `0` on and below the diagonal and −∞ above it (and beyond the window), `[T, T]` for `like` `[1, heads, T, d_head]`. */
  causalMask(like: string, elementType: number, window: number): string {
    return this.once(`mask:${elementType}:${window}`, () => {
      const length = this.size(like, 2);
      const positions = this.add('Range', [this.int64([0], []), length, this.int64([1], [])]);
      const src = this.reshape(positions, [1, -1]);
      const dest = this.reshape(positions, [-1, 1]);
      const past = this.add('Not', [this.add('Greater', [src, dest])]);
      const near =
        window < 0
          ? past
          : this.add('And', [past, this.add('Less', [this.add('Sub', [dest, src]), this.int64([window])])]);
      return this.add('Where', [near, this.float(0, elementType), this.float(-Infinity, elementType)]);
    });
  }

  /** The model with `replaced` nodes gone and the collected ones in their place. */
  finish(replaced: ReadonlySet<OnnxNode>): OnnxModel {
    const { model } = this.view;
    const { graph } = model;
    return {
      ...model,
      graph: {
        ...graph,
        nodes: [...this.view.nodes.filter((node) => !replaced.has(node) && !this.dropped.has(node)), ...this.nodes],
        initializers: [...graph.initializers, ...this.initializers],
      },
    };
  }
}

/** True for half and single precision alike. */
export function typeOr32(elementType: number): number {
  return elementType === ElementType.FLOAT16 ? ElementType.FLOAT16 : ElementType.FLOAT;
}

/** An optional input or output that is there. */
export function named(name: string | undefined): string | undefined {
  return name === '' ? undefined : name;
}
