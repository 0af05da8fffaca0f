import type { Anatomy } from './anatomy';
import { tensorValues } from './constants';
import { emitModel, makeFloat, makeFloat32, makeInt, makeInt64, makeInts, makeNode, type Header } from './emit';
import type { GraphView } from './graph';
import { ElementType, isFloat, standardOpset, type OnnxNode, type OnnxTensor } from './onnx-model';
import { prune } from './prune';
import { constantDims } from './projection';

/** Names of the tail session's inputs and outputs; `P` positions, `R` rows of each, `K` top tokens, `M` targets. */
export const TAIL = {
  /** `[P, R, d_model]` residual rows; the last row of each position is the model's own. */
  rows: 'strata.rows',
  /** `[1]` int64: K. */
  k: 'strata.k',
  /** `[M]` int64 token ids, at least one. */
  targets: 'strata.targets',
  /** `[P, 1, d_vocab]` probabilities of the final rows; an input only where `wholeStreams` is true. */
  finalProbabilities: 'strata.final_probabilities',
  /** `[P, R, d_vocab]` softmax of the logits. */
  probabilities: 'strata.probabilities',
  /** `[P, R, d_vocab]` */
  logits: 'strata.logits',
  /** `[P, R, d_model]` after the final norm. */
  normalized: 'strata.normalized',
  /** `[P, R, K]` logits, largest first, and their token ids (int64). */
  topLogits: 'strata.top_logits',
  topIds: 'strata.top_ids',
  /** `[P, R, 1]` probability of the top token. */
  topProbability: 'strata.top_probability',
  /** `[P, R, 1]` Σ p·x: mean logit under the row's own distribution. */
  ownMean: 'strata.own_mean',
  /** `[P, R, 1]` Σ p_final·x: mean logit under the final row's distribution. */
  finalMean: 'strata.final_mean',
  /** `[P, R, M]` logits of the targets, and how many tokens have a larger one. */
  targetLogits: 'strata.target_logits',
  targetAbove: 'strata.target_above',
} as const;

/** Up to here a table may lie in memory a second time, turned: products with it are faster. */
const TURNED_BYTES = 16e6;

/** A logit this low has no probability, and a product of the two is 0. */
const LOWEST = -1e30;

function lowest(view: GraphView, name: string): boolean {
  const tensor = view.constant(name);
  if (!tensor || !isFloat(tensor.elementType)) return false;
  return tensorValues(tensor, view.model.bytes, view.external)?.includes(-Infinity) ?? false;
}

const SAME_ROWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Slice', 'Flatten', 'Gather', 'Expand']);

/** Outputs as wide as the model or its vocabulary. */
const WIDE: readonly string[] = [TAIL.logits, TAIL.normalized];

/** Outputs that make up lens cells. */
export const CELL_OUTPUTS: readonly string[] = [
  TAIL.topLogits,
  TAIL.topIds,
  TAIL.topProbability,
  TAIL.ownMean,
  TAIL.finalMean,
  TAIL.targetLogits,
  TAIL.targetAbove,
];

export interface TailHeader {
  readonly header: Header;
  /**
   * True when the tail quantises its input by the range of the whole tensor: then rows of one stream have to be run
   * together, all positions and nothing else, to get what the model itself computes.
   */
  readonly wholeStreams: boolean;
}

/**
 * The model's own tail (final norm, unembedding, bias, soft-cap) on any residual rows, followed by everything a
 * lens cell needs, so that no `[row, vocab]` tensor has to leave the session.
 * @param contents `wide` leaves the cells out: logits and normalised rows only.
 */
export function buildTail(view: GraphView, anatomy: Anatomy, contents: 'cells' | 'wide' = 'cells'): TailHeader {
  const builder = new TailBuilder(view, anatomy);
  if (contents === 'cells') builder.statistics();
  const inputs = [
    { name: TAIL.rows, elementType: ElementType.FLOAT, dims: ['P', 'R', anatomy.dims.d_model] },
    { name: TAIL.k, elementType: ElementType.INT64, dims: [1] },
    { name: TAIL.targets, elementType: ElementType.INT64, dims: ['M'] },
    { name: TAIL.finalProbabilities, elementType: ElementType.FLOAT, dims: ['P', 1, anatomy.dims.d_vocab] },
  ];
  const parts = prune({
    nodes: builder.nodes,
    initializers: [...view.model.graph.initializers, ...builder.initializers],
    inputs,
    outputs: outputsOf(contents, builder.wholeStreams),
  });
  return { header: emitModel(view.model, parts), wholeStreams: builder.wholeStreams };
}

function outputsOf(contents: 'cells' | 'wide', wholeStreams: boolean): readonly string[] {
  if (contents === 'wide') return WIDE;
  return wholeStreams ? [...WIDE, ...CELL_OUTPUTS, TAIL.probabilities] : [...WIDE, ...CELL_OUTPUTS];
}

class TailBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  wholeStreams = false;
  private serial = 0;

  constructor(
    private readonly view: GraphView,
    private readonly anatomy: Anatomy,
  ) {
    this.copyTail();
  }

  private add(
    op: string,
    inputs: readonly string[],
    output = `strata.t${this.serial++}`,
    attributes: OnnxNode['attributes'] = [],
  ): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  private int64(values: readonly number[]): string {
    const name = `strata.c${this.serial++}`;
    this.initializers.push(makeInt64(name, values));
    return name;
  }

  private cast(name: string, to: number, output?: string): string {
    return this.add('Cast', [name], output, [makeInt('to', to)]);
  }

  private copyTail(): void {
    const { view, anatomy } = this;
    const { input } = anatomy.tail;
    const above = view.descendants(input);
    const moving = new Set([...view.ancestors(anatomy.logits, above)]);
    // Whatever the tail reads besides the rows has to be constant; shapes of the prompt are cut off here.
    for (const node of view.nodes) {
      if (node.outputs.some((output) => moving.has(output) && output !== input)) this.copy(node);
      else if (node.outputs.every((output) => output === '' || view.isConstant(output))) this.nodes.push(node);
    }
    for (const node of this.shapeNodes(moving)) this.nodes.push(node);
    const type = view.elementType(input);
    if (type === ElementType.FLOAT || type === 0) this.add('Identity', [TAIL.rows], input);
    else this.cast(TAIL.rows, type, input);
    if (view.elementType(anatomy.logits) === ElementType.FLOAT) this.rename(anatomy.logits, TAIL.logits);
    else this.cast(anatomy.logits, ElementType.FLOAT, TAIL.logits);
    this.cast(anatomy.tail.normalized, ElementType.FLOAT, TAIL.normalized);
  }

  /** What the copied nodes compute of the shapes of each other's results: which ids there are, say. */
  private shapeNodes(moving: ReadonlySet<string>): readonly OnnxNode[] {
    const { view } = this;
    const made = new Set(this.nodes.flatMap(({ outputs }) => outputs));
    const found = new Set<OnnxNode>();
    const open = this.nodes.flatMap(({ inputs }) => inputs);
    for (const name of open) {
      const node = view.producer(name);
      if (!node || made.has(name) || moving.has(name) || found.has(node)) continue;
      found.add(node);
      open.push(...node.inputs);
    }
    return [...found];
  }

  /** True where some token's logit is −∞ whatever the row: its part of a mean is 0, not 0 · ∞. */
  private get never(): boolean {
    const { view, anatomy } = this;
    return anatomy.tail.after.some((node) => {
      const constant = node.op === 'Add' || node.op === 'Where' ? node.inputs.find((input) => lowest(view, input)) : '';
      return constant !== undefined && constant !== '';
    });
  }

  private rename(from: string, to: string): void {
    const renamed = (name: string): string => (name === from ? to : name);
    this.nodes.forEach((node, index) => {
      this.nodes[index] = { ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) };
    });
  }

  private copy(node: OnnxNode): void {
    if (node.op === 'DynamicQuantizeLinear' || node.op === 'DynamicQuantizeMatMul') this.wholeStreams = true;
    const columns = this.anatomy.tail.vocabulary.selections.get(node);
    // Along the vocabulary, whatever the rank is here; other cuts choose positions, and rows have none.
    if (columns)
      this.add('Gather', [node.inputs[0]!, this.int64([...columns])], node.outputs[0]!, [makeInt('axis', -1)]);
    else if (SAME_ROWS.has(node.op)) this.add('Identity', [node.inputs[0]!], node.outputs[0]!);
    else if (node.op === 'Gemm') this.gemm(node);
    else if (node.op === 'MatMul' && this.untransposed(node) !== undefined) {
      // As a MatMul the runtime would hold the table twice for a while, once the other way round.
      const [activation] = node.inputs as [string];
      const inputs = [activation, this.untransposed(node)!];
      this.gemm(makeNode('Gemm', inputs, node.outputs, [makeInt('transB', 1)]));
    } else this.nodes.push(node);
  }

  /** The table `[out, in]` behind a product with its transpose, where it is too large to be held both ways. */
  private untransposed(node: OnnxNode): string | undefined {
    const weight = node.inputs[1] ?? '';
    const transpose = this.view.isConstant(weight) ? this.view.producer(weight) : undefined;
    if (transpose?.op !== 'Transpose') return undefined;
    const table = transpose.inputs[0]!;
    const dims = constantDims(this.view, table);
    if (dims?.length !== 2 || constantDims(this.view, weight)?.[0] !== this.anatomy.dims.d_model) return undefined;
    return 4 * dims[0]! * dims[1]! > TURNED_BYTES ? table : undefined;
  }

  /** Gemm takes matrices only: positions and rows are folded together around it. */
  private gemm(node: OnnxNode): void {
    const [activation, ...rest] = node.inputs as [string, ...string[]];
    const flat = this.add('Reshape', [activation, this.int64([-1, this.anatomy.dims.d_model])]);
    const product = `strata.t${this.serial++}`;
    this.nodes.push({ ...node, inputs: [flat, ...rest], outputs: [product] });
    const leading = this.add('Gather', [this.add('Shape', [TAIL.rows]), this.int64([0, 1])]);
    const shape = this.add('Concat', [leading, this.int64([-1])], undefined, [makeInt('axis', 0)]);
    this.add('Reshape', [product, shape], node.outputs[0]!);
  }

  private sum(name: string, output?: string): string {
    if (standardOpset(this.view.model) >= 13) return this.add('ReduceSum', [name, this.int64([-1])], output);
    return this.add('ReduceSum', [name], output, [makeInts('axes', [-1])]);
  }

  private atLeast(name: string, least: number): string {
    if (standardOpset(this.view.model) < 11) return this.add('Clip', [name], undefined, [makeFloat('min', least)]);
    const bound = `strata.c${this.serial++}`;
    this.initializers.push(makeFloat32(bound, [least], []));
    return this.add('Clip', [name, bound]);
  }

  /** What a lens cell says of its row. */
  statistics(): void {
    const x = TAIL.logits;
    const axis = [makeInt('axis', -1)];
    this.nodes.push(makeNode('TopK', [x, TAIL.k], [TAIL.topLogits, TAIL.topIds], axis));
    const p = this.add('Softmax', [x], TAIL.probabilities, axis);
    const first = this.add('Slice', [TAIL.topIds, this.int64([0]), this.int64([1]), this.int64([2])]);
    this.add('GatherElements', [p, first], TAIL.topProbability, axis);
    const finite = this.never ? this.atLeast(x, LOWEST) : x;
    this.sum(this.add('Mul', [p, finite]), TAIL.ownMean);
    const last = this.wholeStreams
      ? TAIL.finalProbabilities
      : this.add('Slice', [p, this.int64([-1]), this.int64([Number.MAX_SAFE_INTEGER]), this.int64([1])]);
    this.sum(this.add('Mul', [finite, last]), TAIL.finalMean);
    this.add('Gather', [x, TAIL.targets], TAIL.targetLogits, [makeInt('axis', 2)]);
    const wide = this.add('Reshape', [x, this.int64([0, 0, 1, -1])]);
    const reference = this.add('Reshape', [TAIL.targetLogits, this.int64([0, 0, -1, 1])]);
    const above = this.cast(this.add('Greater', [wide, reference]), ElementType.FLOAT);
    this.add('Reshape', [this.sum(above), this.int64([0, 0, -1])], TAIL.targetAbove);
  }
}
