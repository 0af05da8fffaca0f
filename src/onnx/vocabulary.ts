import type { GraphView } from './graph';
import { attribute, intAttribute, type OnnxNode } from './onnx-model';

/** Which columns of the unembedding the logits are, where the graph reorders or cuts them afterwards. */
export interface Vocabulary {
  readonly size: number;
  /** By token id; absent: every column in order. */
  readonly columns?: Int32Array;
  /** The operators that choose columns, from the unembedding up. */
  readonly selections: ReadonlyMap<OnnxNode, Int32Array>;
}

/**
 * Follows the way from the unembedding to the logits for what picks along the vocabulary.
 * @param after The operators on that way, in order.
 * @param width Columns of the unembedding.
 */
export function vocabularyOf(view: GraphView, logits: string, after: readonly OnnxNode[], width: number): Vocabulary {
  const stated = view.model.graph.outputs.find(({ name }) => name === logits)?.dims?.length;
  // Ranks are told from the top down: what removes an axis has one more below it.
  const selecting = new Set<OnnxNode>();
  let rank: number | undefined = stated ?? 3;
  for (const node of [...after].reverse()) {
    if (rank !== undefined && axisOf(view, node) === rank - 1 && picks(view, node)) selecting.add(node);
    else if (axisOf(view, node) === -1 && picks(view, node)) selecting.add(node);
    rank = rankBelow(view, node, rank);
  }
  const selections = new Map<OnnxNode, Int32Array>();
  let columns: Int32Array | undefined;
  for (const node of after) {
    if (!selecting.has(node)) continue;
    const before: Int32Array = columns ?? Int32Array.from({ length: width }, (_, column) => column);
    const picked = pickedColumns(view, node, before.length);
    if (!picked) continue;
    selections.set(node, picked);
    columns = picked.map((column) => before[column]!);
  }
  return { size: columns?.length ?? width, ...(columns ? { columns } : {}), selections };
}

function axisOf(view: GraphView, node: OnnxNode): number | undefined {
  if (node.op === 'Gather') return intAttribute(node, 'axis', 0);
  if (node.op !== 'Slice') return undefined;
  const axes = attribute(node, 'axes')?.ints ?? (node.inputs[3] ? view.numbers(node.inputs[3]) : undefined);
  return axes?.length === 1 ? axes[0] : undefined;
}

/** True where an operator takes a constant selection of more than one entry. */
function picks(view: GraphView, node: OnnxNode): boolean {
  if (node.op === 'Slice') return true;
  const index = view.constant(node.inputs[1] ?? '');
  return index !== undefined && index.dims.length === 1 && (index.dims[0] ?? 0) > 1;
}

function rankBelow(view: GraphView, node: OnnxNode, rank: number | undefined): number | undefined {
  if (rank === undefined) return undefined;
  switch (node.op) {
    case 'Reshape':
    case 'Flatten':
      return undefined;
    case 'Squeeze':
      return rank + 1;
    case 'Unsqueeze':
      return rank - 1;
    case 'Gather':
      return view.constant(node.inputs[1] ?? '')?.dims.length === 0 ? rank + 1 : rank;
    default:
      return rank;
  }
}

function pickedColumns(view: GraphView, node: OnnxNode, size: number): Int32Array | undefined {
  const wrap = (at: number): number => (at < 0 ? at + size : at);
  if (node.op === 'Gather') {
    const tensor = view.constant(node.inputs[1] ?? '');
    const numbers = tensor && view.wholeNumbers(tensor);
    const columns = numbers && Int32Array.from(numbers, wrap);
    return columns?.every((column) => column >= 0 && column < size) ? columns : undefined;
  }
  const of = (input: number, name: string): number | undefined =>
    (attribute(node, name)?.ints ?? (node.inputs[input] ? view.numbers(node.inputs[input]) : undefined))?.[0];
  const [begin, end, step = 1] = [of(1, 'starts'), of(2, 'ends'), of(4, 'steps')];
  if (begin === undefined || end === undefined || step !== 1) return undefined;
  const inside = (at: number): number => Math.max(0, Math.min(size, wrap(at)));
  const [from, to] = [inside(begin), inside(end)];
  return to > from ? Int32Array.from({ length: to - from }, (_, at) => from + at) : undefined;
}
