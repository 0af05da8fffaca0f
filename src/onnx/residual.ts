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
}

export interface ResidualChain {
  /** The stream before layer 0. */
  readonly embedding: string;
  /** Bottom to top. */
  readonly steps: readonly ResidualStep[];
}

/** From the last residual tensor to the logits. */
export interface Tail {
  /** The stream after the last layer. */
  readonly input: string;
  /** The final norm's result, as the unembedding reads it. */
  readonly normalized: string;
  readonly unembedding: OnnxNode;
  /** From the unembedding up to the logits (bias, scale, soft-cap, casts), in order. */
  readonly after: readonly OnnxNode[];
  /** Which columns of the unembedding the logits are. */
  readonly vocabulary: Vocabulary;
}

const SAME_ROWS = new Set(['Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Dropout', 'Slice', 'Flatten']);
const POINTWISE = new Set(['Mul', 'Div', 'Add', 'Sub', 'Tanh', 'Clip', 'Min', 'Max']);
const NORMS = new Set(['LayerNormalization', 'SimplifiedLayerNormalization', 'RMSNormalization']);

/** Finds the unembedding behind `logits`: over casts, reshapes, bias, scale and soft-cap. */
export function findUnembedding(view: GraphView, logits: string): { node: OnnxNode; after: OnnxNode[] } {
  const after: OnnxNode[] = [];
  for (let at = logits; ;) {
    const node = view.producer(at);
    if (!node) throw unknownAnatomy('no-output-product');
    if (isProjection(view, node)) return { node, after: after.reverse() };
    after.push(node);
    const moving = node.inputs.filter((input) => input !== '' && !view.isConstant(input));
    const next = SAME_ROWS.has(node.op) || node.op === 'Gather' ? node.inputs[0] : moving[0];
    // A dynamically quantised product is scaled by a factor that itself depends on the activation.
    const single = SAME_ROWS.has(node.op) || node.op === 'Gather' || moving.length === 1 || node.op === 'Mul';
    if (!next || !single || !(SAME_ROWS.has(node.op) || POINTWISE.has(node.op) || node.op === 'Gather')) {
      throw unknownAnatomy('operator-before-logits', { operator: plainName(node.op) });
    }
    at = node.op === 'Mul' && moving.length === 2 ? fromInteger(view, moving) : next;
  }
}

function fromInteger(view: GraphView, inputs: readonly string[]): string {
  const found = inputs.find((input) => {
    const node = view.producer(input);
    return node?.op === 'Cast' && view.producer(node.inputs[0] ?? '')?.op === 'MatMulInteger';
  });
  if (found === undefined) throw unknownAnatomy('two-factors');
  return found;
}

/**
 * Walks from the unembedding's input over the final norm (one operator or spelled out) to the residual stream.
 * @param data tensors computed from the token embedding.
 */
export function findLastResidual(view: GraphView, unembedding: OnnxNode, data: ReadonlySet<string>): string {
  let at = unembedding.inputs[0] ?? '';
  for (;;) {
    const node = view.producer(at);
    if (!node) throw unknownAnatomy('left-graph');
    const moving = node.inputs.filter((input) => data.has(input));
    if (NORMS.has(node.op)) return view.strip(node.inputs[0]!);
    if (SAME_ROWS.has(node.op) || node.op === 'DynamicQuantizeLinear' || node.op === 'Gather') at = node.inputs[0]!;
    else if (moving.length === 1 && (POINTWISE.has(node.op) || node.op === 'Pow')) at = moving[0]!;
    else if (moving.length === 2 && node.op === 'Add') return at;
    else if (moving.length === 2 && ['Mul', 'Div', 'Sub'].includes(node.op)) at = source(view, moving, data);
    else throw unknownAnatomy('operator-before-stream', { operator: plainName(node.op) });
  }
}

/** In `x · f(x)`: the operand the other one is computed from. */
function source(view: GraphView, operands: readonly string[], data: ReadonlySet<string>): string {
  const [first, second] = [operands[0]!, operands[1]!];
  if (view.comesFrom(second, view.strip(first), data)) return first;
  if (view.comesFrom(first, view.strip(second), data)) return second;
  if (view.strip(first) === view.strip(second)) return first;
  throw unknownAnatomy('two-streams');
}

/** Most additions of one step that are unfolded while looking for the stream (parallel blocks need two). */
const MAX_TERMS = 8;

/**
 * The residual stream from top to bottom. In each sum, the stream is the one term all others are computed from;
 * parallel blocks add two branches at once, in any bracketing.
 */
export function residualChain(view: GraphView, last: string, data: ReadonlySet<string>): ResidualChain {
  const steps: ResidualStep[] = [];
  for (let at = view.strip(last); ;) {
    const step = stepBelow(view, at, data);
    if (!step) return { embedding: at, steps: steps.reverse() };
    steps.push(step);
    at = step.from;
  }
}

/** The two operands of an addition of activations; undefined for anything else (biases, positions). */
export function sumOf(view: GraphView, name: string, data: ReadonlySet<string>): [string, string] | undefined {
  const node = view.producer(view.strip(name));
  const [first, second] = node?.inputs ?? [];
  if (node?.op !== 'Add' || first === undefined || second === undefined) return undefined;
  return data.has(first) && data.has(second) ? [first, second] : undefined;
}

function stepBelow(view: GraphView, to: string, data: ReadonlySet<string>): ResidualStep | undefined {
  const sum = sumOf(view, to, data);
  if (!sum) return undefined;
  let terms: string[] = [...sum];
  for (;;) {
    const from = terms.find((term) =>
      terms.every((other) => other === term || view.comesFrom(view.strip(other), view.strip(term), data)),
    );
    if (from !== undefined) {
      return { from: view.strip(from), to, branches: terms.filter((term) => term !== from) };
    }
    const open = terms.find((term) => sumOf(view, term, data) !== undefined);
    if (open === undefined || terms.length >= MAX_TERMS) return undefined;
    terms = terms.flatMap((term) => (term === open ? sumOf(view, term, data)! : [term]));
  }
}
