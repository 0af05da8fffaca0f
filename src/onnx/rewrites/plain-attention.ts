import { makeInt } from '../emit';
import { ElementType } from '../onnx-model';
import { typeOr32, type Rewriter } from './rewriter';

/** Everything the plain form of attention needs; queries, keys and values are `[1, heads, T, d_head]`. */
export interface AttentionParts {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  /** Undefined: the file does not say; each group of queries then finds its keys when it runs. */
  readonly heads: number | undefined;
  readonly kvHeads: number | undefined;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
  readonly causal: boolean;
  /** Number of positions a query sees, itself included; −1: all. */
  readonly window: number;
  /** Added to the scores; boolean and integer ones say instead where a query may look. */
  readonly biases: readonly (string | undefined)[];
  /** A score per head that takes part in the softmax but has no value: `[heads]`, or 0 for every head. */
  readonly sink: string | 0 | undefined;
  /** The fused operator's result. */
  readonly output: string;
  /** `rows`: `[1, T, heads · d_head]`; `heads`: `[1, heads, T, d_head]`. */
  readonly outputLayout: 'rows' | 'heads';
}

/**
 * Spells attention out as MatMul, scale, soft-cap, mask, Softmax, MatMul, so that scores, pattern and z are tensors.
 * Order as in ONNX Runtime's kernels: scale, soft-cap, bias, mask.
 */
export function plainAttention(rewriter: Rewriter, parts: AttentionParts): void {
  const type = typeOr32(rewriter.view.elementType(parts.output));
  const k = repeated(rewriter, parts, parts.k);
  const v = repeated(rewriter, parts, parts.v);
  let scores = rewriter.add('MatMul', [parts.q, rewriter.transpose(k, [0, 1, 3, 2])]);
  scores = rewriter.add('Mul', [scores, rewriter.float(parts.scale, type)]);
  if (parts.softcap > 0) {
    const cap = rewriter.float(parts.softcap, type);
    scores = rewriter.add('Mul', [rewriter.add('Tanh', [rewriter.add('Div', [scores, cap])]), cap]);
  }
  for (const bias of parts.biases)
    if (bias !== undefined) scores = rewriter.add('Add', [scores, addend(rewriter, bias, type)]);
  if (parts.causal) scores = rewriter.add('Add', [scores, rewriter.causalMask(parts.q, type, parts.window)]);
  const pattern = parts.sink === undefined ? softmax(rewriter, scores) : withSink(rewriter, parts, scores, type);
  const z = rewriter.add('MatMul', [pattern, v], [], parts.outputLayout === 'heads' ? parts.output : undefined);
  if (parts.outputLayout === 'rows') rewriter.reshape(rewriter.transpose(z, [0, 2, 1, 3]), [0, 0, -1], parts.output);
}

function softmax(rewriter: Rewriter, scores: string): string {
  return rewriter.add('Softmax', [scores], [makeInt('axis', -1)]);
}

/** The sink is one more column of scores, dropped after the softmax: the rows then sum to less than one. */
function withSink(rewriter: Rewriter, parts: AttentionParts, scores: string, type: number): string {
  const { sink } = parts;
  const rows = rewriter.add('Slice', [rewriter.add('Shape', [parts.q]), rewriter.int64([0]), rewriter.int64([3])]);
  const shape = rewriter.add('Concat', [rows, rewriter.int64([1])], [makeInt('axis', 0)]);
  const perHead = sink === 0 || sink === undefined ? rewriter.float(0, type) : rewriter.reshape(sink, [1, -1, 1, 1]);
  const column = rewriter.add('Expand', [perHead, shape]);
  const pattern = softmax(rewriter, rewriter.add('Concat', [scores, column], [makeInt('axis', -1)]));
  return rewriter.add('Slice', [pattern, rewriter.int64([0]), rewriter.int64([-1]), rewriter.int64([-1])]);
}

/** A mask of truth values or of ones and zeros as numbers to add. */
function addend(rewriter: Rewriter, bias: string, type: number): string {
  const kind = rewriter.view.elementType(bias);
  if (kind !== ElementType.BOOL && kind !== ElementType.INT32 && kind !== ElementType.INT64) return bias;
  const open = kind === ElementType.BOOL ? bias : rewriter.add('Cast', [bias], [makeInt('to', ElementType.BOOL)]);
  return rewriter.add('Where', [open, rewriter.float(0, type), rewriter.float(-Infinity, type)]);
}

/** Keys (values) once for every query head: consecutive heads share theirs. */
function repeated(rewriter: Rewriter, { q, heads, kvHeads }: AttentionParts, name: string): string {
  if (heads !== undefined && heads === kvHeads) return name;
  const owners =
    heads !== undefined && kvHeads !== undefined
      ? fixedOwners(rewriter, heads, kvHeads)
      : countedOwners(rewriter, q, name);
  return rewriter.add('Gather', [name, owners], [makeInt('axis', 1)]);
}

function fixedOwners(rewriter: Rewriter, heads: number, kvHeads: number): string {
  return rewriter.int64(Array.from({ length: heads }, (_, head) => Math.floor((head * kvHeads) / heads)));
}

function countedOwners(rewriter: Rewriter, q: string, k: string): string {
  const heads = rewriter.size(q, 1);
  const range = rewriter.add('Range', [rewriter.int64([0], []), heads, rewriter.int64([1], [])]);
  return rewriter.add('Div', [rewriter.add('Mul', [range, rewriter.size(k, 1)]), heads]);
}
