import { plainName } from '../core/plain-text';
import type { GraphView } from './graph';
import { isProjection } from './projection';
import type { OnnxNode } from './onnx-model';
import { unknownAnatomy } from './unknown-anatomy';
import type { Vocabulary } from './vocabulary';

/** One addition to the residual stream: `to = from + branches…`. */
export interface ResidualStep {
  readonly from: string;
  readonly to: string;
  /** What is added, as the additions read it (biases and post-norms included). */
  readonly branches: readonly string[];
  /** True where the stream itself is multiplied by a constant before the branches are added. */
  readonly scaled: boolean;
}

/**
 * What a step makes of the stream: `plain`, the sum of the stream and its branches; `scaled`, with the stream times a
 * constant; `normed`, the norm of the sum (GPT-1, OPT-350m, BERT's kin).
 */
export type StreamSum = 'plain' | 'scaled' | 'normed';

export interface ResidualChain {
  /** The stream before layer 0, and after the last one. */
  readonly embedding: string;
  readonly top: string;
  readonly sum: StreamSum;
  /** Bottom to top. */
  readonly steps: readonly ResidualStep[];
}

/** From the last residual tensor to the logits. */
export interface Tail {
  /** The stream after the last layer. */
  readonly input: string;
  /** The final norm's result, as the first product behind it reads it; the stream itself where there is no norm. */
  readonly normalized: string;
  readonly unembedding: OnnxNode;
  /** True where further products stand between the final norm and the unembedding (OPT-350m, BERT's head). */
  readonly transformed: boolean;
  /** From the unembedding up to the logits (bias, scale, soft-cap, casts), in order. */
  readonly after: readonly OnnxNode[];
  /** Which columns of the unembedding the logits are. */
  readonly vocabulary: Vocabulary;
}

const SAME_ROWS = new Set(['Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Dropout', 'Slice', 'Flatten']);
const POINTWISE = new Set(['Mul', 'Div', 'Add', 'Sub', 'Tanh', 'Clip', 'Min', 'Max']);
const NORMS = new Set(['LayerNormalization', 'SimplifiedLayerNormalization', 'RMSNormalization']);
/** Operators that make neurons of pre-activations, each by itself. */
const ACTIVATIONS = new Set(['Gelu', 'FastGelu', 'QuickGelu', 'Relu', 'Tanh', 'Sigmoid', 'Erf', 'Silu', 'Swish']);
/** What norms and activation functions are made of where they are spelled out. */
const ELEMENTARY = new Set([
  ...POINTWISE,
  ...ACTIVATIONS,
  ...['Cast', 'Identity', 'Reshape', 'Pow', 'Sqrt', 'Reciprocal', 'Exp', 'Neg', 'Abs', 'Softplus'],
  ...['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceL2', 'Squeeze', 'Unsqueeze', 'Expand'],
]);
const MEANS = new Set(['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceL2']);

/** Finds the unembedding behind `logits`: over casts, reshapes, bias, scale and soft-cap. */
export function findUnembedding(view: GraphView, logits: string): { node: OnnxNode; after: OnnxNode[] } {
  const after: OnnxNode[] = [];
  for (let at = logits; ;) {
    const node = view.producer(at);
    if (!node) throw unknownAnatomy('no-output-product');
    if (isProjection(view, node)) return { node, after: after.reverse() };
    after.push(node);
    const moving = node.inputs.filter((input) => input !== '' && !view.isConstant(input));
    // Some tokens are given a logit of their own, mostly −∞: those of a padded vocabulary.
    if (node.op === 'Where' && ofShapesAlone(view, node.inputs[0])) {
      const kept = node.inputs.slice(1).filter((input) => !view.isConstant(input));
      if (kept.length === 1) {
        at = kept[0]!;
        continue;
      }
    }
    const next = SAME_ROWS.has(node.op) || node.op === 'Gather' ? node.inputs[0] : moving[0];
    // A dynamically quantised product is scaled by a factor that itself depends on the activation.
    const single = SAME_ROWS.has(node.op) || node.op === 'Gather' || moving.length === 1 || node.op === 'Mul';
    if (!next || !single || !(SAME_ROWS.has(node.op) || POINTWISE.has(node.op) || node.op === 'Gather')) {
      throw unknownAnatomy('operator-before-logits', { operator: plainName(node.op) });
    }
    at = node.op === 'Mul' && moving.length === 2 ? fromInteger(view, moving) : next;
  }
}

/** Most operators between a shape and what is computed of it. */
const MAX_BEHIND_SHAPE = 12;

/** True for what depends on shapes and constants alone. */
function ofShapesAlone(view: GraphView, name: string | undefined): boolean {
  const open = new Set([name ?? '']);
  for (const at of open) {
    if (view.isConstant(at) || at === '') continue;
    const node = view.producer(at);
    if (!node || open.size > MAX_BEHIND_SHAPE) return false;
    if (node.op !== 'Shape' && node.op !== 'Size') for (const input of node.inputs) open.add(input);
  }
  return true;
}

function fromInteger(view: GraphView, inputs: readonly string[]): string {
  const found = inputs.find((input) => {
    const node = view.producer(input);
    return node?.op === 'Cast' && view.producer(node.inputs[0] ?? '')?.op === 'MatMulInteger';
  });
  if (found === undefined) throw unknownAnatomy('two-factors');
  return found;
}

/** Where the residual stream ends and the tail begins. */
export interface StreamEnd {
  /** The last addition to the stream. */
  readonly sum: string;
  /** That addition after the norm that follows it, should the norm belong to the stream. */
  readonly normed: string;
  /** The first product above: the unembedding, or what stands before it. */
  readonly reader: OnnxNode;
}

/**
 * Walks from the unembedding's input over the final norm (one operator or spelled out), and over whatever products and
 * activation functions a head has before the unembedding, to the residual stream.
 * @param data tensors computed from the token embedding.
 */
export function findStreamEnd(view: GraphView, unembedding: OnnxNode, data: ReadonlySet<string>): StreamEnd {
  let at = unembedding.inputs[0] ?? '';
  let normed = at;
  let reader = unembedding;
  for (;;) {
    const step = down(view, at, data);
    if (step === undefined) {
      const node = view.producer(at);
      if (!node) throw unknownAnatomy('left-graph');
      // Below everything lies the embedding: a decoder without layers.
      if (!node.inputs.some((input) => data.has(input))) return { sum: at, normed, reader };
      if (node.op === 'Add') return { sum: at, normed, reader };
      if (['Mul', 'Div', 'Sub'].includes(node.op)) throw unknownAnatomy('two-streams');
      throw unknownAnatomy('operator-before-stream', { operator: plainName(node.op) });
    }
    at = step.to;
    if (step.over === 'projection' || step.over === 'activation' || step.over === 'rows') normed = at;
    if (step.over === 'projection') reader = step.node;
  }
}

/** One step down from a tensor to the one it is made of. */
interface Down {
  readonly to: string;
  readonly node: OnnxNode;
  /** `rows`: some of the rows; `same`: nothing but a factor, a shift, another shape or type. */
  readonly over: 'norm' | 'activation' | 'projection' | 'rows' | 'same';
}

/** Undefined where a tensor is made of several, or by something that is none of these. */
function down(view: GraphView, name: string, data: ReadonlySet<string>): Down | undefined {
  const node = view.producer(name);
  const first = node?.inputs[0];
  if (!node || first === undefined) return undefined;
  const moving = node.inputs.filter((input) => data.has(input));
  if (moving.length === 0) return undefined;
  if (NORMS.has(node.op)) return { to: first, node, over: 'norm' };
  if (isProjection(view, node)) return { to: first, node, over: 'projection' };
  if (['Gather', 'Slice'].includes(node.op)) return { to: first, node, over: 'rows' };
  if (SAME_ROWS.has(node.op) || node.op === 'DynamicQuantizeLinear') return { to: first, node, over: 'same' };
  if (moving.length === 1) {
    if (ACTIVATIONS.has(node.op)) return { to: moving[0]!, node, over: 'activation' };
    return POINTWISE.has(node.op) || node.op === 'Pow' ? { to: moving[0]!, node, over: 'same' } : undefined;
  }
  if (moving.length !== 2 || !['Mul', 'Div', 'Sub'].includes(node.op)) return undefined;
  const source = commonSource(view, moving, data);
  return source && { to: source.name, node, over: source.averaged ? 'norm' : 'activation' };
}

/** Most operators that a norm or an activation function consists of. */
const MAX_PARTS = 32;

/**
 * The tensor that both operands of `x · f(x)` are made of, with nothing but elementary operators between them.
 * `averaged` where a mean over the row is among these, as in a norm.
 */
function commonSource(
  view: GraphView,
  operands: readonly string[],
  data: ReadonlySet<string>,
): { readonly name: string; readonly averaged: boolean } | undefined {
  const open = new Set(operands);
  let averaged = false;
  for (let parts = 0; parts < MAX_PARTS; parts++) {
    const [name, other] = [...open].sort((a, b) => view.rank(b) - view.rank(a));
    if (name === undefined) return undefined;
    if (other === undefined) return { name, averaged };
    const node = view.producer(name);
    if (!node || !ELEMENTARY.has(node.op)) return undefined;
    averaged ||= MEANS.has(node.op);
    open.delete(name);
    for (const input of node.inputs) if (data.has(input)) open.add(input);
  }
  return undefined;
}

/** Most operators between a norm's result and what it norms. */
const MAX_STEPS = 24;

/** What a tensor is the norm of, where that is a sum of activations; undefined for anything else. */
function normedSum(view: GraphView, name: string, data: ReadonlySet<string>): string | undefined {
  let normed = false;
  let at = name;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    if (normed && sumOf(view, at, data)) return at;
    const step = down(view, at, data);
    if (step?.over !== 'norm' && step?.over !== 'same') return undefined;
    normed ||= step.over === 'norm';
    at = step.to;
  }
  return undefined;
}

/** Most additions of one step that are unfolded while looking for the stream (parallel blocks need two). */
const MAX_TERMS = 8;

/**
 * The residual stream from top to bottom. In each sum, the stream is the one term all others are computed from;
 * parallel blocks add two branches at once, in any bracketing.
 * @param attends True where attention lies below a tensor: the stream goes on there, beneath a norm of its own.
 */
export function residualChain(
  view: GraphView,
  { sum, normed }: StreamEnd,
  data: ReadonlySet<string>,
  attends: (name: string) => boolean,
): ResidualChain {
  const steps: ResidualStep[] = [];
  // The last norm belongs to the stream where the norms of the layers below do.
  let top = view.strip(sum);
  const first = stepBelow(view, top, top, data);
  const postNorm = first !== undefined && normBelow(first.from) !== undefined;
  if (postNorm) top = view.strip(normed);
  function normBelow(stream: string): string | undefined {
    const below = sumOf(view, stream, data) ? undefined : normedSum(view, stream, data);
    return below !== undefined && attends(below) ? below : undefined;
  }
  for (let at = top; ;) {
    const step = stepBelow(view, at, normBelow(at) ?? at, data);
    if (!step) return { embedding: at, top, steps: steps.reverse(), sum: kindOf(steps, postNorm) };
    steps.push(step);
    at = step.from;
  }
}

function kindOf(steps: readonly ResidualStep[], postNorm: boolean): StreamSum {
  if (postNorm) return 'normed';
  return steps.some(({ scaled }) => scaled) ? 'scaled' : 'plain';
}

/** The two operands of an addition of activations; undefined for anything else (biases, positions). */
export function sumOf(view: GraphView, name: string, data: ReadonlySet<string>): [string, string] | undefined {
  const node = view.producer(view.strip(name));
  const [first, second] = node?.inputs ?? [];
  if (node?.op !== 'Add' || first === undefined || second === undefined) return undefined;
  return data.has(first) && data.has(second) ? [first, second] : undefined;
}

/** @param to The stream after the addition. @param at The addition itself, beneath a norm that may follow it. */
function stepBelow(view: GraphView, to: string, at: string, data: ReadonlySet<string>): ResidualStep | undefined {
  const sum = sumOf(view, at, data);
  if (!sum) return undefined;
  let terms: string[] = [...sum];
  for (;;) {
    for (const behind of [(name: string) => view.strip(name), (name: string) => unscaled(view, name)]) {
      const from = terms.find((term) =>
        terms.every((other) => other === term || view.comesFrom(view.strip(other), behind(term), data)),
      );
      if (from === undefined) continue;
      const stream = behind(from);
      const scaled = stream !== view.strip(from);
      return { from: stream, to, branches: terms.filter((term) => term !== from), scaled };
    }
    const open = terms.find((term) => sumOf(view, term, data) !== undefined);
    if (open === undefined || terms.length >= MAX_TERMS) return undefined;
    terms = terms.flatMap((term) => (term === open ? sumOf(view, term, data)! : [term]));
  }
}

/** The stream behind a constant that it is multiplied by on its way past a branch (Doge). */
function unscaled(view: GraphView, name: string): string {
  const at = view.strip(name);
  const node = view.producer(at);
  if (node?.op !== 'Mul') return at;
  const moving = node.inputs.filter((input) => !view.isConstant(input));
  return moving.length === 1 && node.inputs.length === 2 ? view.strip(moving[0]!) : at;
}
