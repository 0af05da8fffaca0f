import type { GraphView } from './graph';
import { attribute, intAttribute, type OnnxNode } from './onnx-model';
import { betweenHeadsAndOutput, type Between } from './between';
import { einsumOperand, einsumTerms, turnsLastTwo } from './einsum';
import { isProjection, projectionResult } from './projection';

/** How a tensor's memory is ordered once the batch of one is dropped. */
export type Layout =
  /** `[pos, …]`; with heads, `[pos, head, d_head]` (also when head and d_head are one dimension). */
  | 'positions-first'
  /** `[head, pos, d_head]`, patterns `[head, dest, src]`. */
  | 'heads-first';

/** Where a hook's values are in the graph. */
export interface Site {
  readonly tensor: string;
  readonly layout: Layout;
}

export interface AttentionSites {
  readonly q?: Site;
  readonly k?: Site;
  readonly v?: Site;
  readonly scores: Site;
  readonly pattern: Site;
  readonly z: Site;
  /** The product that reads z: the output projection. */
  readonly output?: OnnxNode;
  /** What stands between z and the output projection, where that does not read z itself. */
  readonly between?: Between;
  /** True where a sink takes a part of the pattern's rows. */
  readonly sink: boolean;
  /** What the products read as queries, keys and values, behind rotation, norms and the cache. */
  readonly operands: { readonly q: string; readonly k: string; readonly v: string };
}

const PRODUCTS = new Set(['MatMul', 'FusedMatMul', 'Einsum']);

/** The product of queries and keys that a Softmax normalises; undefined when the Softmax is not attention's. */
function scoresProduct(view: GraphView, softmax: OnnxNode, data: ReadonlySet<string>): OnnxNode | undefined {
  return productBehind(view, softmax.inputs[0] ?? '', data, MAX_MASKS);
}

/** Most masks computed from activations that are added to scores. */
const MAX_MASKS = 3;

function productBehind(
  view: GraphView,
  scores: string,
  data: ReadonlySet<string>,
  masks: number,
): OnnxNode | undefined {
  for (let at = scores; ;) {
    const node = view.producer(at);
    if (!node) return undefined;
    const lessMaximum = beforeMaximum(view, node);
    const moving = node.inputs.filter((input) => data.has(input));
    if (lessMaximum !== undefined) {
      at = lessMaximum;
      continue;
    }
    if (PRODUCTS.has(node.op) && moving.length === 2) return node;
    if (node.op === 'Add' && moving.length === 2 && masks > 0) {
      // A mask may itself be computed from the activations (Doge).
      const found = moving.flatMap((input) => productBehind(view, input, data, masks - 1) ?? []);
      return found.length === 1 ? found[0] : undefined;
    }
    if (moving.length !== 1 || isProjection(view, node)) return undefined;
    at = moving[0]!;
  }
}

/** `x` in `x − max(x)`, which some write before a Softmax although it changes nothing (GPT-OSS). */
function beforeMaximum(view: GraphView, node: OnnxNode | undefined): string | undefined {
  const [scores, maximum] = node?.op === 'Sub' ? node.inputs : [];
  const source = view.producer(maximum ?? '');
  return source?.op === 'ReduceMax' && source.inputs[0] === scores ? scores : undefined;
}

/** The scores that a Softmax normalises, joined by a sink where there is one. */
function softmaxInput(view: GraphView, softmax: OnnxNode): string {
  const input = softmax.inputs[0]!;
  return beforeMaximum(view, view.producer(input)) ?? input;
}

/** Softmax nodes of a branch that normalise query–key products. */
export function attentionSoftmaxes(
  view: GraphView,
  branch: ReadonlySet<string>,
  data: ReadonlySet<string>,
): OnnxNode[] {
  return view.makers(branch).filter((node) => node.op === 'Softmax' && scoresProduct(view, node, data) !== undefined);
}

/** The scores proper: a sink may be one more column beside them, which the softmax sees and no value answers to. */
function scoresOf(view: GraphView, softmax: OnnxNode, data: ReadonlySet<string>): string {
  const input = softmaxInput(view, softmax);
  const joined = view.producer(input);
  return (joined?.op === 'Concat' ? joined.inputs.find((name) => data.has(name)) : undefined) ?? input;
}

/**
 * Follows the Softmax over `IsNaN → Where`, casts, dropout and the cut that drops a sink's column to the tensor the
 * value product reads.
 */
function patternOf(view: GraphView, softmax: OnnxNode): string {
  const passing = ['Dropout', 'Identity', 'Cast'];
  if (view.producer(softmaxInput(view, softmax))?.op === 'Concat') passing.push('Slice');
  for (let at = softmax.outputs[0]!; ;) {
    const where = view.consumers(at).find((node) => node.op === 'Where' && node.inputs.slice(1).includes(at));
    const pass = view.consumers(at).find((node) => passing.includes(node.op));
    const next = (where ?? pass)?.outputs[0];
    if (next === undefined) return at;
    at = next;
  }
}

/** Finds every attention tensor around one Softmax. */
export function attentionSites(
  view: GraphView,
  softmax: OnnxNode,
  branch: ReadonlySet<string>,
  data: ReadonlySet<string>,
): AttentionSites | undefined {
  const product = scoresProduct(view, softmax, data);
  const pattern = patternOf(view, softmax);
  const readers = passing(view, pattern, ['Reshape', 'Unsqueeze', 'Squeeze', 'Cast']);
  const valueProduct = readers.find((node) => PRODUCTS.has(node.op) && node.inputs.every((input) => data.has(input)));
  const z = valueProduct?.outputs[0];
  if (!product || !valueProduct || z === undefined) return undefined;
  const value = valueProduct.inputs.find((input) => !view.ancestors(input, branch, pattern).has(pattern)) ?? '';
  const queries = queryInput(view, product, softmax);
  const operands = { q: product.inputs[queries]!, k: product.inputs[1 - queries]!, v: value };
  const sources = [operands.q, operands.k, operands.v].map((name) => view.ancestors(name, branch));
  const [q, k, v] = sources.map((own, index) => {
    const others = sources.filter((_, other) => other !== index);
    return headInput(view, own, others);
  });
  const reader = passing(view, z, ['Reshape', 'Transpose', 'Cast', 'Squeeze', 'DynamicQuantizeLinear']).find((node) =>
    isProjection(view, node),
  );
  const output = reader && isLastProjection(view, reader, branch) ? reader : undefined;
  return {
    ...(q ? { q } : {}),
    ...(k ? { k } : {}),
    ...(v ? { v } : {}),
    scores: { tensor: scoresOf(view, softmax, data), layout: 'heads-first' },
    pattern: { tensor: pattern, layout: 'heads-first' },
    z: { tensor: z, layout: zLayout(view, valueProduct, pattern) },
    ...(output ? { output } : { between: betweenHeadsAndOutput(view, z, branch) }),
    sink: scoresOf(view, softmax, data) !== softmax.inputs[0],
    operands,
  };
}

/** A projection whose result another projection of the branch reads mixes heads; it is not the way out. */
function isLastProjection(view: GraphView, projection: OnnxNode, branch: ReadonlySet<string>): boolean {
  const result = projection.outputs[0]!;
  return !view
    .makers(branch)
    .some(
      (node) => node !== projection && isProjection(view, node) && view.ancestors(node.outputs[0]!, branch).has(result),
    );
}

/** Which operand of the scores' product holds queries: those of the row, scores being `[…, dest, src]`. */
function queryInput(view: GraphView, product: OnnxNode, softmax: OnnxNode): 0 | 1 {
  const dest = einsumTerms(product)?.output.at(-2);
  const own = dest === undefined ? 0 : einsumOperand(product, dest);
  return isTurned(view, product, softmax) ? ((1 - own) as 0 | 1) : own;
}

/** Most operators between the product of queries and keys and its Softmax. */
const MAX_BEFORE_SOFTMAX = 24;

/** True where rows and columns of the scores change places on the way to the Softmax. */
function isTurned(view: GraphView, product: OnnxNode, softmax: OnnxNode): boolean {
  let turned = false;
  const walk = (name: string, odd: boolean, behind: number): boolean => {
    for (const node of behind > MAX_BEFORE_SOFTMAX ? [] : view.consumers(name)) {
      if (node === softmax) {
        turned = odd;
        return true;
      }
      const next = node.outputs[0];
      if (node.op === 'Shape' || next === undefined) continue;
      if (walk(next, node.op === 'Transpose' && turnsLastTwo(node) ? !odd : odd, behind + 1)) return true;
    }
    return false;
  };
  walk(product.outputs[0]!, false, 0);
  return turned;
}

/** A product of matrices leaves heads before positions; an Einsum says itself. */
function zLayout(view: GraphView, product: OnnxNode, pattern: string): Layout {
  const terms = einsumTerms(product);
  if (!terms) return 'heads-first';
  const own = product.inputs.findIndex((input) => view.strip(input) === view.strip(pattern));
  const [head, dest] = (terms.inputs[own] ?? '').slice(-3);
  if (head === undefined || dest === undefined) return 'heads-first';
  return terms.output.indexOf(head) < terms.output.indexOf(dest) ? 'heads-first' : 'positions-first';
}

/** Nodes that read a tensor, directly or behind operators of the given kinds. */
function passing(view: GraphView, name: string, through: readonly string[]): OnnxNode[] {
  const found: OnnxNode[] = [];
  const names = new Set([name]);
  for (const at of names) {
    for (const node of view.consumers(at)) {
      if (through.includes(node.op) && node.inputs[0] === at) names.add(node.outputs[0]!);
      else found.push(node);
    }
  }
  return found;
}

const SPLITTERS = new Set(['Split', 'Slice', 'Gather', 'GatherND', 'SplitToSequence']);

/**
 * Where queries (keys, values) first stand alone: the projection's result when they have their own, else the
 * part split off a joint projection. Before rotary embedding, scaling and the cache.
 */
function headInput(
  view: GraphView,
  own: ReadonlySet<string>,
  others: readonly ReadonlySet<string>[],
): Site | undefined {
  const alone = [...own]
    .filter((name) => others.every((other) => !other.has(name)))
    .sort((a, b) => view.rank(a) - view.rank(b));
  const starts = alone.filter((name) => {
    const node = view.producer(name);
    return node !== undefined && (isProjection(view, node) || SPLITTERS.has(node.op));
  });
  const start = starts[0];
  const node = start === undefined ? undefined : view.producer(start);
  if (start === undefined || !node) return undefined;
  const result = isProjection(view, node) ? ownPart(view, projectionResult(view, node), own) : start;
  const tensor = clipped(view, result);
  return { tensor, layout: wasTransposed(view, tensor) ? 'heads-first' : 'positions-first' };
}

/** Most operators between a projection and the one that cuts a gate off it. */
const MAX_CUTS = 4;

/** What is left of a projection once a part that goes elsewhere is cut off: a gate beside the queries (Qwen3-Next). */
function ownPart(view: GraphView, result: string, own: ReadonlySet<string>): string {
  let at = result;
  for (let cuts = 0; cuts < MAX_CUTS; cuts++) {
    const readers = view.consumers(at).filter((node) => node.op !== 'Shape');
    const parts = readers.flatMap((node) => node.outputs).filter((name) => name !== '');
    const cut = readers.length > 0 && readers.every((node) => SPLITTERS.has(node.op)) && parts.length > 1;
    const kept = parts.filter((name) => own.has(name));
    if (cut) return kept.length === 1 ? kept[0]! : result;
    if (readers.length !== 1 || parts.length !== 1 || !['Reshape', 'Cast', 'Transpose'].includes(readers[0]!.op)) break;
    at = parts[0]!;
  }
  return result;
}

/** The tensor after the limits some models put on their queries, keys and values. */
function clipped(view: GraphView, name: string): string {
  const [reader, second] = view.consumers(name).filter((node) => node.op !== 'Shape');
  return reader?.op === 'Clip' && second === undefined ? reader.outputs[0]! : name;
}

/** True when positions no longer stand before heads: some Transpose since the projection put another axis there. */
function wasTransposed(view: GraphView, name: string): boolean {
  const picked = new Set<number>();
  for (let at = name; ;) {
    const node = view.producer(at);
    if (!node || isProjection(view, node) || node.inputs[0] === undefined) return false;
    if (node.op === 'Transpose') {
      const perm = attribute(node, 'perm')?.ints;
      // A convolution has positions last; a Transpose of three axes brings them back.
      if (perm?.length === 3 && perm[1] === 2 && behindBias(view, node.inputs[0])?.op === 'Conv') return false;
      return movesPositionsBack(perm, picked);
    }
    const axis = pickedAxis(view, node, at);
    if (axis !== undefined) picked.add(axis);
    at = node.inputs.find((input) => input !== '' && !view.isConstant(input)) ?? node.inputs[0];
  }
}

function behindBias(view: GraphView, name: string): OnnxNode | undefined {
  const node = view.producer(name);
  if (node?.op !== 'Add') return node;
  return view.producer(node.inputs.find((input) => !view.isConstant(input)) ?? '');
}

/**
 * @param perm Of a tensor `[batch, pos, …]`; the axes that are picked from count for nothing, one entry being left.
 */
function movesPositionsBack(perm: readonly number[] | undefined, picked: ReadonlySet<number>): boolean {
  if (!perm || perm.length < 4) return true;
  return perm.slice(0, perm.indexOf(1)).some((axis, index) => axis !== 0 && !picked.has(index));
}

/** The axis that an operator leaves one entry of. */
function pickedAxis(view: GraphView, node: OnnxNode, output: string): number | undefined {
  const squeezed = view.consumers(output).some((reader) => reader.op === 'Squeeze');
  const one = view.constant(node.inputs[1] ?? '')?.dims.every((dim) => dim === 1) === true;
  if (node.op === 'Gather' && one) return intAttribute(node, 'axis', 0);
  if (node.op === 'GatherND' && one) return intAttribute(node, 'batch_dims', 0);
  if (node.op === 'Split' && squeezed) return intAttribute(node, 'axis', 0);
  return node.op === 'Slice' && squeezed ? view.numbers(node.inputs[3] ?? '')?.[0] : undefined;
}
