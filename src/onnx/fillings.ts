import { firstPosition } from './config';
import type { GraphView } from './graph';
import { inputRole, type InputRole } from './inputs';
import { ElementType, type ValueInfo } from './onnx-model';
import { unsupported } from './unsupported';

/** The numbers of one input for prompts of equal length. */
export interface Filled {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** How one of a model's own inputs is filled: `rows` are the prompts' token ids. */
export interface Filling {
  readonly elementType: number;
  fill(rows: readonly (readonly number[])[]): Filled;
}

/** Element types that numbers are given in. */
const NUMBERS = new Set<number>([
  ...[ElementType.BOOL, ElementType.INT32, ElementType.INT64, ElementType.UINT8, ElementType.INT8],
  ...[ElementType.FLOAT, ElementType.FLOAT16, ElementType.DOUBLE],
]);

/** What is added to scores so that a position is not looked at: the lowest number that half precision has. */
const CLOSED = -65504;

/**
 * How every input is filled, by what it is for, its element type and its rank; known before anything is run.
 * @param tokens Name of the input with the token ids.
 * @throws StrataError `unsupported-model` naming an input of a kind, type or shape that cannot be filled.
 */
export function inputFillings(
  view: GraphView,
  inputs: readonly ValueInfo[],
  tokens: string,
  config: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Filling> {
  return new Map(
    inputs.map((input) => {
      const role = inputRole(input, tokens);
      const fill = role && NUMBERS.has(input.elementType) ? fillOf(view, input, role, config) : undefined;
      if (!fill) throw unsupported('input', input.name);
      const size = lengthAxes(input, role!).map((axis) => input.dims?.[axis]);
      // One size alone: a step of generation, or a prompt that was padded to be exported.
      if (size.some((dim) => typeof dim === 'number' && dim > 0)) throw unsupported('fixed-length', input.name);
      return [input.name, { elementType: input.elementType, fill }];
    }),
  );
}

/** Which of an input's axes run over the prompt's tokens. */
function lengthAxes({ dims }: ValueInfo, role: InputRole): readonly number[] {
  const rank = dims?.length ?? 2;
  if (role === 'mask') return rank > 2 ? [rank - 2, rank - 1] : rank === 2 ? [1] : [];
  return role === 'tokens' || role === 'positions' || role === 'segments' ? [rank - 1] : [];
}

type Fill = Filling['fill'];

function fillOf(
  view: GraphView,
  input: ValueInfo,
  role: InputRole,
  config: Readonly<Record<string, unknown>>,
): Fill | undefined {
  const rank = input.dims?.length ?? 2;
  switch (role) {
    case 'tokens':
      return rank === 2 || rank === 1 ? perToken(rank, (row, position) => row[position]!) : undefined;
    case 'mask':
      return maskFill(view, input, rank);
    case 'positions': {
      const first = firstPosition(config);
      return rank <= 3 && rank > 0 ? perToken(rank, (_, position) => first + position, input.dims?.[0]) : undefined;
    }
    case 'segments':
      return rank === 2 || rank === 1 ? perToken(rank, () => 0) : undefined;
    case 'switch':
    case 'past-length':
      return rank > 1 ? undefined : perPrompt(input, () => 0);
    case 'logits-kept':
      // Zero: the logits of every token.
      return rank > 1 ? undefined : perPrompt({ dims: (input.dims ?? []).map(() => 1) }, () => 0);
    case 'total-length':
      return rank > 1 ? undefined : perPrompt(input, (length) => length);
    case 'last-position':
      return rank > 1 ? undefined : perPrompt(input, (length) => length - 1);
  }
}

/**
 * `[T]`, `[B, T]`, or `[n, B, T]` with the same for each of n (Qwen's axes of time, height and width).
 * @param planes n, where the file states it.
 */
function perToken(
  rank: number,
  value: (row: readonly number[], position: number) => number,
  planes?: number | string,
): Fill {
  return (rows) => {
    const length = rows[0]!.length;
    const values = rows.flatMap((row) => row.map((_, position) => value(row, position)));
    if (rank === 1) return { dims: [length], values: values.slice(0, length) };
    if (rank === 2) return { dims: [rows.length, length], values };
    const count = typeof planes === 'number' && planes > 0 ? planes : 3;
    const all = Array.from({ length: count }, () => values).flat();
    return { dims: [count, rows.length, length], values: all };
  };
}

/** A number alone, or one for each prompt. */
function perPrompt({ dims = [1] }: Pick<ValueInfo, 'dims'>, value: (length: number) => number): Fill {
  return (rows) => {
    const one = value(rows[0]!.length);
    if (dims.length === 0) return { dims: [], values: [one] };
    const count = typeof dims[0] === 'number' && dims[0] > 0 ? dims[0] : rows.length;
    return { dims: [count], values: new Array<number>(count).fill(one) };
  };
}

/** `[B, T]` of ones, `[T]`, or `[B, …, T, T]`, which says of each position where it may look. */
function maskFill(view: GraphView, input: ValueInfo, rank: number): Fill | undefined {
  if (rank === 0 || rank > 4) return undefined;
  const added = isAdded(view, input);
  const [open, closed] = added ? [0, CLOSED] : [1, 0];
  if (rank <= 2) return perToken(rank, () => open);
  const heads = rank === 4 ? input.dims?.[1] : undefined;
  const each = typeof heads === 'number' && heads > 0 ? heads : 1;
  return (rows) => {
    const length = rows[0]!.length;
    const square = Array.from({ length: length * length }, (_, index) =>
      index % length <= Math.floor(index / length) ? open : closed,
    );
    const dims = rank === 4 ? [rows.length, each, length, length] : [rows.length, length, length];
    return { dims, values: Array.from({ length: rows.length * each }, () => square).flat() };
  };
}

/** Operators that change no number of a mask. */
const PASSING = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Expand', 'Slice', 'Transpose']);
/** Operators of attention, and where they take what is added to their scores. */
const ADDED_AT: Readonly<Record<string, number>> = {
  '.Attention': 3,
  'com.microsoft.MultiHeadAttention': 5,
  'com.microsoft.Attention': 5,
  'com.microsoft.GroupQueryAttention': 10,
};

/** True for a mask of numbers that are added to scores as they are; others say with ones and zeros what is open. */
function isAdded(view: GraphView, { name, elementType }: ValueInfo): boolean {
  const floats = [ElementType.FLOAT, ElementType.FLOAT16, ElementType.DOUBLE] as readonly number[];
  if (!floats.includes(elementType)) return false;
  const found = new Set([name]);
  for (const at of found) {
    for (const node of view.consumers(at)) {
      if (PASSING.has(node.op) && node.inputs[0] === at && node.outputs[0]) found.add(node.outputs[0]);
      const slot = ADDED_AT[`${node.domain}.${node.op}`];
      if (slot !== undefined && node.inputs[slot] === at) return true;
      // A shift by a constant is arithmetic on the mask; anything else it is added to are scores.
      if (node.op === 'Add') return !node.inputs.some((input) => input !== at && view.isConstant(input));
    }
  }
  return false;
}
