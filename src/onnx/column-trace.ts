import type { GraphView } from './graph';
import { attribute, intAttribute, type OnnxNode } from './onnx-model';
import { sizeOf } from '../core/tensor';

/** Numbers of columns in the shape they have at some place of the graph, for one token. */
interface Columns {
  readonly dims: readonly number[];
  readonly data: Int32Array;
}

/** Whole numbers of a shape computation; undefined where they depend on what is not followed. */
type Sizes = readonly (number | undefined)[];

/** Operators that change no order. */
const SAME_ORDER = new Set(['Cast', 'Identity', 'Dropout', 'Clip']);
/** Operators that change numbers one by one, or by the rest of their row. */
const IN_PLACE = new Set([
  'RotaryEmbedding',
  'LayerNormalization',
  'SimplifiedLayerNormalization',
  'RMSNormalization',
  'LpNormalization',
]);
const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div']);
/** Most operators between a projection and the part of it that is wanted. */
const MAX_BEHIND = 60;

/**
 * Which columns of a projection end up in a tensor, and in what order: queries, keys and values of a joint projection
 * are cut out by reshaping, splitting and picking, in ways that differ from family to family. The numbers of the
 * columns take the way of one token's values.
 * @param result The projection's complete result.
 * @returns Undefined when something on the way is more than cutting and reordering.
 */
export function columnsOf(view: GraphView, result: string, width: number, tensor: string): Int32Array | undefined {
  return traced(view, result, width, tensor, false);
}

/**
 * The same where numbers may be scaled, normed or rotated on the way: each is then named by the column it was made
 * from first.
 */
export function looselyColumnsOf(
  view: GraphView,
  result: string,
  width: number,
  tensor: string,
): Int32Array | undefined {
  return traced(view, result, width, tensor, true);
}

function traced(
  view: GraphView,
  result: string,
  width: number,
  tensor: string,
  loose: boolean,
): Int32Array | undefined {
  const data = Int32Array.from({ length: width }, (_, column) => column);
  // Rank 3 nearly always; a Gemm's result is a matrix. With the wrong one the axes do not fit and nothing comes out.
  for (const dims of [
    [1, 1, width],
    [1, width],
  ]) {
    const found = new ColumnTrace(view, result, { dims, data }, loose).of(tensor);
    if (found) return found.data;
  }
  return undefined;
}

class ColumnTrace {
  private readonly known = new Map<string, Columns | undefined>();

  constructor(
    private readonly view: GraphView,
    start: string,
    columns: Columns,
    private readonly loose: boolean,
  ) {
    this.known.set(start, columns);
  }

  of(name: string, behind = 0): Columns | undefined {
    if (this.known.has(name)) return this.known.get(name);
    const node = this.view.producer(name);
    const source = node?.inputs[0];
    if (!node || source === undefined || behind === MAX_BEHIND) return undefined;
    const before = this.of(source, behind + 1);
    const strict = before && this.step(node, name, before);
    const after = strict ?? (this.loose ? this.roughly(node, behind, before) : undefined);
    this.known.set(name, after);
    return after;
  }

  /** Over operators that change the numbers and leave each where it is. */
  private roughly(node: OnnxNode, behind: number, before: Columns | undefined): Columns | undefined {
    if (IN_PLACE.has(node.op)) return before;
    if (node.op === 'Expand') return before && this.expanded(node, before);
    if (node.op === 'Concat') return this.joined(node, behind);
    if (!ARITHMETIC.has(node.op)) return undefined;
    const found = node.inputs.map((input) => this.of(input, behind + 1)).filter((columns) => columns !== undefined);
    // Of a rotation's two terms the one in its own order counts.
    return found.find(({ data }) => isAscendingByHead(data)) ?? found[0];
  }

  /** The parts of a rotation, or new keys behind those of earlier tokens, of which there are none. */
  private joined(node: OnnxNode, behind: number): Columns | undefined {
    const parts = node.inputs.map((input) => this.of(input, behind + 1));
    const [first, ...rest] = parts.filter((columns) => columns !== undefined);
    if (!first) return undefined;
    const earlier = node.inputs.filter((_, index) => parts[index] === undefined);
    if (rest.length === 0 && earlier.every((input) => this.view.producer(input) === undefined)) return first;
    const axis = axisOf(intAttribute(node, 'axis', 0), first);
    if (earlier.length > 0 || axis === undefined || axis !== first.dims.length - 1) return undefined;
    const all = [first, ...rest];
    const rows = first.data.length / first.dims[axis]!;
    if (all.some(({ dims, data }) => data.length / dims[axis]! !== rows)) return undefined;
    const data = Array.from({ length: rows }, (_, row) =>
      all.flatMap((part) => [...part.data.subarray(row * part.dims[axis]!, (row + 1) * part.dims[axis]!)]),
    );
    const size = all.reduce((sum, part) => sum + part.dims[axis]!, 0);
    return { dims: first.dims.map((dim, at) => (at === axis ? size : dim)), data: Int32Array.from(data.flat()) };
  }

  private expanded(node: OnnxNode, { dims, data }: Columns): Columns | undefined {
    const target = this.sizes(node.inputs[1] ?? '');
    if (!target || target.length !== dims.length) return undefined;
    const sizes = dims.map((dim, axis) => {
      const wanted = target[axis];
      return dim === 1 && wanted !== undefined && wanted > 1 ? wanted : dim;
    });
    const from = dims.map((dim, axis) => (dim === 1 ? 0 : sizeOf(dims.slice(axis + 1))));
    const spread = Int32Array.from({ length: sizeOf(sizes) }, (_, index) => {
      let rest = index;
      let at = 0;
      for (let axis = sizes.length - 1; axis >= 0; axis--) {
        at += (rest % sizes[axis]!) * from[axis]!;
        rest = Math.floor(rest / sizes[axis]!);
      }
      return data[at]!;
    });
    return { dims: sizes, data: spread };
  }

  private step(node: OnnxNode, output: string, from: Columns): Columns | undefined {
    if (SAME_ORDER.has(node.op)) return from;
    switch (node.op) {
      case 'Reshape':
        return this.reshaped(node, from);
      case 'Squeeze':
      case 'Unsqueeze':
        return this.withoutOrWithAxes(node, from);
      case 'Transpose':
        return transposed(from, attribute(node, 'perm')?.ints);
      case 'Split':
        return this.part(node, output, from);
      case 'Slice':
        return this.slice(node, from);
      case 'Gather':
        return this.pick(from, intAttribute(node, 'axis', 0), node.inputs[1], true);
      case 'GatherND':
        return this.pick(from, intAttribute(node, 'batch_dims', 0), node.inputs[1], false);
      default:
        return undefined;
    }
  }

  private reshaped(node: OnnxNode, { dims, data }: Columns): Columns | undefined {
    const stated = this.sizes(node.inputs[1] ?? '');
    if (!stated) return undefined;
    // What a shape takes from elsewhere are the batch and the number of tokens: one of each.
    const open = stated.map((size, axis) => (size === 0 ? dims[axis] : size));
    const assumed = open.map((size) => (size === undefined || size === -1 ? 1 : size));
    const rest = data.length / sizeOf(assumed);
    const inferred = [...open.keys()].filter((axis) => open[axis] === -1);
    const unknown = [...open.keys()].filter((axis) => open[axis] === undefined);
    const [free, second] = inferred.length > 0 ? inferred : unknown;
    if (rest === 1) return { dims: assumed, data };
    if (free === undefined || second !== undefined || !Number.isInteger(rest)) return undefined;
    return { dims: assumed.map((size, axis) => (axis === free ? rest : size)), data };
  }

  private withoutOrWithAxes(node: OnnxNode, { dims, data }: Columns): Columns | undefined {
    const given = attribute(node, 'axes')?.ints ?? (node.inputs[1] ? this.view.numbers(node.inputs[1]) : undefined);
    if (node.op === 'Squeeze') {
      const axes = given?.map((axis) => (axis + dims.length) % dims.length);
      const gone = (size: number, axis: number): boolean => (axes ? axes.includes(axis) : size === 1);
      return dims.every((size, axis) => size === 1 || !gone(size, axis))
        ? { dims: dims.filter((size, axis) => !gone(size, axis)), data }
        : undefined;
    }
    if (!given) return undefined;
    const rank = dims.length + given.length;
    const axes = given.map((axis) => (axis + rank) % rank);
    const left = [...dims];
    return { dims: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (left.shift() ?? 1))), data };
  }

  private part(node: OnnxNode, output: string, from: Columns): Columns | undefined {
    const axis = axisOf(intAttribute(node, 'axis', 0), from);
    const size = axis === undefined ? undefined : from.dims[axis];
    const count = node.outputs.length;
    const stated = attribute(node, 'split')?.ints ?? (node.inputs[1] ? this.sizes(node.inputs[1]) : undefined);
    const even = size === undefined ? undefined : Math.ceil(size / count);
    if (axis === undefined || size === undefined || even === undefined) return undefined;
    const parts = stated ?? node.outputs.map((_, index) => Math.min(even, size - index * even));
    const index = node.outputs.indexOf(output);
    const begin = parts.slice(0, index).reduce<number>((sum, part) => sum + (part ?? NaN), 0);
    const end = begin + (parts[index] ?? NaN);
    return begin >= 0 && end <= size ? cut(from, axis, begin, end) : undefined;
  }

  private slice(node: OnnxNode, from: Columns): Columns | undefined {
    const of = (input: number, name: string): Sizes | undefined =>
      attribute(node, name)?.ints ?? (node.inputs[input] ? this.sizes(node.inputs[input]) : undefined);
    const [starts, ends, steps] = [of(1, 'starts'), of(2, 'ends'), of(4, 'steps')];
    const axes = of(3, 'axes') ?? starts?.map((_, axis) => axis);
    if (!starts || !ends || !axes || steps?.some((step) => step !== 1)) return undefined;
    let found: Columns | undefined = from;
    axes.forEach((stated, index) => {
      const axis = found && stated !== undefined ? axisOf(stated, found) : undefined;
      const size = axis === undefined ? undefined : found?.dims[axis];
      const inside = (at: number): number => Math.max(0, Math.min(size ?? 0, at < 0 ? at + (size ?? 0) : at));
      const [begin, end] = [starts[index], ends[index]];
      const known = found && axis !== undefined && begin !== undefined && end !== undefined;
      found = known ? cut(found!, axis, inside(begin), inside(end)) : undefined;
    });
    return found;
  }

  /** One entry of an axis; a list of one index leaves the axis in place. */
  private pick(from: Columns, stated: number, index: string | undefined, keeps: boolean): Columns | undefined {
    const which = this.view.constant(index ?? '');
    const [entry, second] = this.view.numbers(index ?? '') ?? [];
    const axis = axisOf(stated, from);
    if (!which || entry === undefined || second !== undefined || axis === undefined) return undefined;
    const at = entry < 0 ? entry + from.dims[axis]! : entry;
    const part = at < from.dims[axis]! ? cut(from, axis, at, at + 1) : undefined;
    if (!part || (keeps && which.dims.length === 1)) return part;
    return { dims: part.dims.filter((_, other) => other !== axis), data: part.data };
  }

  /** A shape computation, as far as it can be told for one token. */
  private sizes(name: string, behind = 0): Sizes | undefined {
    const numbers = this.view.numbers(name);
    if (numbers) return numbers;
    const node = this.view.producer(name);
    if (!node || behind === MAX_BEHIND) return undefined;
    const of = (input: number): Sizes | undefined => this.sizes(node.inputs[input] ?? '', behind + 1);
    switch (node.op) {
      case 'Cast':
      case 'Identity':
      case 'Squeeze':
      case 'Unsqueeze':
      case 'Reshape':
        return of(0);
      case 'Shape':
        return this.of(node.inputs[0] ?? '')?.dims;
      case 'Concat':
        return node.inputs.flatMap((_, input) => of(input) ?? [undefined]);
      case 'Gather': {
        const from = of(0);
        const at = of(1);
        // Of whatever else there is, too, one prompt is followed.
        const batch = this.view.producer(node.inputs[0] ?? '')?.op === 'Shape' ? [1] : undefined;
        return at?.map((index) => (index === undefined ? undefined : (from ?? batch)?.at(index))) ?? [undefined];
      }
      case 'Slice': {
        const from = of(0);
        const [begin, end] = [of(1)?.[0], of(2)?.[0]];
        return begin === undefined || end === undefined ? undefined : from?.slice(begin, end);
      }
      case 'Add':
      case 'Sub':
      case 'Mul':
      case 'Div':
        return [calculated(node.op, of(0)?.[0], of(1)?.[0])];
      default:
        return [undefined];
    }
  }
}

/** True for numbers that only grow; a rotation's other term exchanges the halves, or every two. */
function isAscendingByHead(data: Int32Array): boolean {
  return data.every((column, at) => at === 0 || column > data[at - 1]!);
}

function calculated(op: string, a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return op === 'Add' ? a + b : op === 'Sub' ? a - b : op === 'Mul' ? a * b : Math.floor(a / b);
}

function axisOf(stated: number, { dims }: Columns): number | undefined {
  const axis = stated < 0 ? stated + dims.length : stated;
  return axis >= 0 && axis < dims.length ? axis : undefined;
}

function cut({ dims, data }: Columns, axis: number, begin: number, end: number): Columns | undefined {
  const size = dims[axis]!;
  const inner = sizeOf(dims.slice(axis + 1));
  if (!(begin < end)) return undefined;
  const kept = data.filter((_, index) => {
    const at = Math.floor(index / inner) % size;
    return at >= begin && at < end;
  });
  return { dims: dims.map((old, other) => (other === axis ? end - begin : old)), data: kept };
}

function transposed({ dims, data }: Columns, perm: readonly number[] | undefined): Columns | undefined {
  const order = perm ?? [...dims.keys()].reverse();
  if (order.length !== dims.length || order.some((axis) => dims[axis] === undefined)) return undefined;
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const shape = order.map((axis) => dims[axis]!);
  const moved = Int32Array.from({ length: data.length }, (_, index) => {
    let rest = index;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return data[from]!;
  });
  return { dims: shape, data: moved };
}
