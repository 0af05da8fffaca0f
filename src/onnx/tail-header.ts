import type { Anatomy } from './anatomy';
import { emitModel, makeFloat32, makeInt, makeInt64, makeInts, makeNode, type Header } from './emit';
import type { GraphView } from './graph';
import { ElementType, standardOpset, type OnnxNode, type OnnxTensor } from './onnx-model';
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
  /** `[P, 1, d_vocab]` natural logarithms of the final rows' probabilities; an input only where `wholeStreams` is true. */
  finalLogProbabilities: 'strata.final_log_probabilities',
  /** `[P, R, d_vocab]` natural logarithms of the probabilities. */
  logProbabilities: 'strata.log_probabilities',
  /** `[P, R, d_vocab]` */
  logits: 'strata.logits',
  /** `[P, R, d_model]` after the final norm. */
  normalized: 'strata.normalized',
  /** `[P, R, K]` logits, largest first, and their token ids (int64). */
  topLogits: 'strata.top_logits',
  topIds: 'strata.top_ids',
  /** `[P, R, 1]` Σ exp(x − max) over all tokens but the top one: nothing is lost where that one has nearly all. */
  others: 'strata.others',
  /** `[P, R, 1]` Σ exp(x − max) · (max − x). */
  spread: 'strata.spread',
  /** `[P, R, 1]` D_KL(final ‖ row) in nats, a sum of terms none of which is below zero. */
  divergence: 'strata.divergence',
  /** `[P, R, M]` logits of the targets, and how many tokens have a larger one. */
  targetLogits: 'strata.target_logits',
  targetAbove: 'strata.target_above',
} as const;

/** What a logit is below the top one at most: its probability is zero long before. */
const LOWEST = -1e4;
/** Below this |log(p/q)| the terms of a divergence are taken from their series: off by one part in 10⁵ at most. */
const NEAR = 0.25;

/** Up to here a table may lie in memory a second time, turned: products with it are faster. */
const TURNED_BYTES = 16e6;

const SAME_ROWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Slice', 'Flatten', 'Gather', 'Expand']);

/** Outputs as wide as the model or its vocabulary. */
const WIDE: readonly string[] = [TAIL.logits, TAIL.normalized];

/** Outputs that make up lens cells. */
export const CELL_OUTPUTS: readonly string[] = [
  TAIL.topLogits,
  TAIL.topIds,
  TAIL.others,
  TAIL.spread,
  TAIL.divergence,
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
    { name: TAIL.finalLogProbabilities, elementType: ElementType.FLOAT, dims: ['P', 1, anatomy.dims.d_vocab] },
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
  return wholeStreams ? [...WIDE, ...CELL_OUTPUTS, TAIL.logProbabilities] : [...WIDE, ...CELL_OUTPUTS];
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

  /** What a lens cell says of its row. */
  statistics(): void {
    const x = TAIL.logits;
    const axis = [makeInt('axis', -1)];
    this.nodes.push(makeNode('TopK', [x, TAIL.k], [TAIL.topLogits, TAIL.topIds], axis));
    const top = this.add('Slice', [TAIL.topLogits, this.int64([0]), this.int64([1]), this.int64([2])]);
    // Logits of −∞ stand for tokens that cannot be; a product with 0 must stay 0.
    const apart = this.add('Sub', [x, top]);
    const lowest = this.float(LOWEST);
    const below = this.add('Where', [this.add('Less', [apart, lowest]), lowest, apart]);
    const weight = this.add('Exp', [below]);
    const isBelow = this.cast(this.add('Less', [below, this.float(0)]), ElementType.FLOAT);
    const lower = this.sum(this.add('Mul', [weight, isBelow]));
    // Tokens as probable as the top one weigh 1 each, but for itself.
    const ties = this.add('Sub', [this.sum(this.add('Sub', [this.float(1), isBelow])), this.float(1)]);
    const others = this.add('Add', [lower, ties], TAIL.others);
    this.sum(this.add('Mul', [weight, this.add('Neg', [below])]), TAIL.spread);
    const total = this.add('Add', [others, this.float(1)]);
    const own = this.add('Sub', [below, this.add('Log', [total])], TAIL.logProbabilities);
    const last = this.wholeStreams
      ? TAIL.finalLogProbabilities
      : this.add('Slice', [own, this.int64([-1]), this.int64([Number.MAX_SAFE_INTEGER]), this.int64([1])]);
    this.sum(this.divergenceTerms(last, own), TAIL.divergence);
    this.add('Gather', [x, TAIL.targets], TAIL.targetLogits, [makeInt('axis', 2)]);
    const wide = this.add('Reshape', [x, this.int64([0, 0, 1, -1])]);
    const reference = this.add('Reshape', [TAIL.targetLogits, this.int64([0, 0, -1, 1])]);
    const above = this.cast(this.add('Greater', [wide, reference]), ElementType.FLOAT);
    this.add('Reshape', [this.sum(above), this.int64([0, 0, -1])], TAIL.targetAbove);
  }

  /**
   * q − p + p·log(p/q) of each token, which sums to D_KL(p ‖ q): never below zero, so that a small sum is not the rounding of
   * large ones. Where p and q nearly agree, its series p·δ²(½ − δ/6 + δ²/24 − δ³/120) with δ = log(p/q).
   */
  private divergenceTerms(logP: string, logQ: string): string {
    const p = this.add('Exp', [logP]);
    const delta = this.add('Sub', [logP, logQ]);
    const far = this.add('Add', [this.add('Mul', [p, delta]), this.add('Sub', [this.add('Exp', [logQ]), p])]);
    const series = [-1 / 120, 1 / 24, -1 / 6, 1 / 2].reduce((sum, factor) => {
      const term = this.float(factor);
      return sum === '' ? term : this.add('Add', [this.add('Mul', [sum, delta]), term]);
    }, '');
    const near = this.add('Mul', [this.add('Mul', [this.add('Mul', [delta, delta]), series]), p]);
    const isNear = this.add('Less', [this.add('Abs', [delta]), this.float(NEAR)]);
    return this.add('Where', [isNear, near, far]);
  }

  private float(value: number): string {
    const name = `strata.c${this.serial++}`;
    this.initializers.push(makeFloat32(name, [value]));
    return name;
  }
}
