import { malformed } from './malformed';
import { tensorValues, type ExternalFiles } from './constants';
import { attribute, ElementType, intAttribute, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx-model';
import { unknownAnatomy } from './unknown-anatomy';

/** Operators that pass the values of their first input through in order. */
const PASS_THROUGH = new Set(['Cast', 'Identity', 'Dropout', 'CastLike', 'Reshape']);
/** Operators whose output depends on a tensor's shape, not on its values. */
const SHAPE_ONLY = new Set(['Shape', 'Size']);

/**
 * Steps along edges one graph may take to be understood; the largest decoders need a few million. A graph that is
 * tangled on purpose ends here instead of never.
 */
const MAX_STEPS = 20_000_000;

/** A graph with its edges looked up once: who makes a tensor, who reads it, in an order that can be executed. */
export class GraphView {
  readonly nodes: readonly OnnxNode[];
  private readonly producers = new Map<string, OnnxNode>();
  private readonly readers = new Map<string, OnnxNode[]>();
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly ranks = new Map<OnnxNode, number>();
  private readonly types = new Map<string, number>();
  private readonly constantMemo = new Map<string, boolean>();
  private steps = 0;

  /** @throws StrataError `malformed-model` for cycles, names made twice and names nobody makes. */
  constructor(
    readonly model: OnnxModel,
    readonly external: ExternalFiles,
  ) {
    const { graph } = model;
    for (const tensor of graph.initializers) this.constants.set(tensor.name, tensor);
    const given = new Set([...this.constants.keys(), ...graph.inputs.map((input) => input.name)]);
    for (const node of graph.nodes) {
      for (const output of node.outputs) {
        if (output === '') continue;
        if (this.producers.has(output) || given.has(output)) throw malformed('made-twice');
        this.producers.set(output, node);
      }
      for (const input of node.inputs) {
        if (input === '') continue;
        const list = this.readers.get(input);
        if (list) list.push(node);
        else this.readers.set(input, [node]);
      }
      const value = node.op === 'Constant' && node.domain === '' ? constantOf(node) : undefined;
      if (value && node.outputs[0]) this.constants.set(node.outputs[0], { ...value, name: node.outputs[0] });
    }
    for (const name of this.readers.keys()) {
      if (!given.has(name) && !this.producers.has(name)) throw malformed('made-by-nobody');
    }
    this.nodes = this.sorted(graph.nodes);
    this.nodes.forEach((node, rank) => this.ranks.set(node, rank));
    for (const value of [...graph.inputs, ...graph.values, ...graph.outputs]) {
      if (value.elementType !== 0) this.types.set(value.name, value.elementType);
    }
  }

  private sorted(nodes: readonly OnnxNode[]): OnnxNode[] {
    const waiting = new Map<OnnxNode, number>();
    const ready: OnnxNode[] = [];
    for (const node of nodes) {
      const open = node.inputs.filter((input) => this.producers.has(input)).length;
      waiting.set(node, open);
      if (open === 0) ready.push(node);
    }
    const order: OnnxNode[] = [];
    for (let next = 0; next < ready.length; next++) {
      const node = ready[next]!;
      order.push(node);
      for (const output of node.outputs) {
        if (output === '') continue;
        for (const reader of this.readers.get(output) ?? []) {
          const open = waiting.get(reader)! - 1;
          waiting.set(reader, open);
          if (open === 0) ready.push(reader);
        }
      }
    }
    if (order.length !== nodes.length) throw malformed('circle');
    return order;
  }

  private step(): void {
    if (++this.steps > MAX_STEPS) {
      throw unknownAnatomy('tangled-graph');
    }
  }

  producer(name: string): OnnxNode | undefined {
    this.step();
    return this.producers.get(name);
  }

  consumers(name: string): readonly OnnxNode[] {
    this.step();
    return this.readers.get(name) ?? [];
  }

  /** The nodes whose first output is among the names, in an executable order. */
  makers(names: Iterable<string>): OnnxNode[] {
    const found: OnnxNode[] = [];
    for (const name of names) {
      const node = this.producer(name);
      if (node?.outputs[0] === name) found.push(node);
    }
    return found.sort((a, b) => this.ranks.get(a)! - this.ranks.get(b)!);
  }

  /** The value of an initializer or a Constant node. */
  constant(name: string): OnnxTensor | undefined {
    return this.constants.get(name);
  }

  /** Numbers of a small constant (≤ 4096 values); undefined when the tensor is not one. */
  numbers(name: string): number[] | undefined {
    const tensor = this.constants.get(name);
    if (!tensor || tensor.dims.reduce((product, dim) => product * dim, 1) > 4096) return undefined;
    const values = tensorValues(tensor, this.model.bytes, this.external);
    return values && Array.from(values);
  }

  /** A constant's values, however many there are. */
  wholeNumbers(tensor: OnnxTensor): Float64Array | undefined {
    return tensorValues(tensor, this.model.bytes, this.external);
  }

  /** Position in an executable order; -1 for inputs and initializers. */
  rank(name: string): number {
    const node = this.producers.get(name);
    return node ? this.ranks.get(node)! : -1;
  }

  /** The tensor behind Cast, Identity, Dropout and Reshape: the same values, row by row. */
  strip(name: string): string {
    for (let at = name; ;) {
      const node = this.producer(at);
      if (!node || !PASS_THROUGH.has(node.op) || !node.inputs[0] || node.outputs[0] !== at) return at;
      at = node.inputs[0];
    }
  }

  /** True when the tensor depends on constants only (a weight behind Cast, Transpose, Dequantize …). */
  isConstant(name: string): boolean {
    const known = this.constantMemo.get(name);
    if (known !== undefined) return known;
    const stack = [name];
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      const node = this.producers.get(at);
      if (this.constantMemo.has(at)) stack.pop();
      else if (this.constants.has(at) || !node || node.inputs.length === 0) {
        this.constantMemo.set(at, this.constants.has(at));
        stack.pop();
      } else {
        const inputs = node.inputs.filter((input) => input !== '');
        const open = inputs.filter((input) => !this.constantMemo.has(input));
        if (open.length > 0) for (const input of open) stack.push(input);
        else {
          this.constantMemo.set(
            at,
            inputs.every((input) => this.constantMemo.get(input)),
          );
          stack.pop();
        }
      }
    }
    return this.constantMemo.get(name) ?? false;
  }

  /** All tensors whose values (not only shapes) depend on `from`, `from` included. */
  descendants(from: string): Set<string> {
    const found = new Set([from]);
    for (const name of found) {
      for (const node of this.consumers(name)) {
        if (SHAPE_ONLY.has(node.op)) continue;
        for (const output of node.outputs) if (output !== '') found.add(output);
      }
    }
    return found;
  }

  /**
   * Tensors that `name` is computed from, itself included, within `inside`; the walk does not go below `stop`.
   */
  ancestors(name: string, inside: ReadonlySet<string>, stop?: string): Set<string> {
    const found = new Set([name]);
    const floor = stop === undefined ? -1 : this.rank(stop);
    for (const at of found) {
      if (at === stop || this.rank(at) < floor) continue;
      for (const input of this.producer(at)?.inputs ?? []) if (inside.has(input)) found.add(input);
    }
    return found;
  }

  /** True when `name` is computed from `ancestor` along values within `inside`. */
  comesFrom(name: string, ancestor: string, inside: ReadonlySet<string>): boolean {
    return name !== ancestor && this.ancestors(name, inside, ancestor).has(ancestor);
  }

  /** Element type of a tensor: stated in the file, or inferred from operator and inputs; 0 when unknown. */
  elementType(name: string): number {
    const stack = [name];
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      if (this.types.has(at)) {
        stack.pop();
        continue;
      }
      const known = this.constants.get(at)?.elementType ?? this.typeRule(at);
      if (typeof known === 'number') {
        this.types.set(at, known);
        stack.pop();
      } else stack.push(known.like);
    }
    return this.types.get(name) ?? 0;
  }

  private typeRule(name: string): number | { like: string } {
    const node = this.producers.get(name);
    if (!node) return 0;
    const { op, inputs, outputs } = node;
    const like = (input: string | undefined): number | { like: string } => {
      if (!input) return 0;
      return this.types.has(input) ? this.types.get(input)! : { like: input };
    };
    if (op === 'Cast') return intAttribute(node, 'to', 0);
    if (SHAPE_ONLY.has(op)) return ElementType.INT64;
    if (op === 'ConstantOfShape') return attribute(node, 'value')?.t?.elementType ?? ElementType.FLOAT;
    if (
      ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Not', 'IsNaN', 'IsInf'].includes(op)
    ) {
      return ElementType.BOOL;
    }
    if (op === 'Where' || op === 'CastLike' || op === 'GatherBlockQuantized') {
      return like(op === 'GatherBlockQuantized' ? inputs[2] : inputs[1]);
    }
    if (op === 'DequantizeLinear') return like(inputs[1]);
    if (op === 'MatMulInteger' || op === 'ConvInteger') return ElementType.INT32;
    if (op === 'DynamicQuantizeLinear')
      return outputs[0] === name ? ElementType.UINT8 : outputs[1] === name ? ElementType.FLOAT : ElementType.UINT8;
    if (op === 'TopK' && outputs[1] === name) return ElementType.INT64;
    return like(inputs[0]);
  }
}

function constantOf(node: OnnxNode): OnnxTensor | undefined {
  const value = attribute(node, 'value')?.t;
  if (value) return value;
  const ints = attribute(node, 'value_ints') ?? attribute(node, 'value_int');
  if (ints) {
    const list = ints.ints ?? [ints.i ?? 0];
    const bytes = new Uint8Array(BigInt64Array.from(list, (item) => BigInt(item)).buffer);
    const dims = ints.name === 'value_int' ? [] : [list.length];
    return { name: '', elementType: ElementType.INT64, dims, data: { kind: 'bytes', bytes } };
  }
  const floats = attribute(node, 'value_floats') ?? attribute(node, 'value_float');
  if (!floats) return undefined;
  const list = floats.floats ?? [floats.f ?? 0];
  const bytes = new Uint8Array(Float32Array.from(list).buffer);
  const dims = floats.name === 'value_float' ? [] : [list.length];
  return { name: '', elementType: ElementType.FLOAT, dims, data: { kind: 'bytes', bytes } };
}
