import { StrataError } from '../core/errors';
import type { Embedding } from './embedding';
import { fromBrain, fromHalf, tensorBytes } from './constants';
import type { GraphView } from './graph';
import { ElementType, intAttribute, type OnnxTensor } from './onnx-model';

/**
 * The table of token vectors, read row by row from the file. Often a third of a small model: the session that holds
 * the layers does without it.
 */
export interface TokenTable {
  /** Output of the Gather whose place the rows take. */
  readonly tensor: string;
  readonly d_model: number;
  /**
   * `[tokens, d_model]`
   * @throws StrataError `invalid-request` for an id without a row.
   */
  rows(tokens: readonly number[]): Float32Array<ArrayBuffer>;
}

/** Undefined where the table is quantised or its ids are not the input's as they are: then the graph looks them up. */
export function tokenTable(view: GraphView, embedding: Embedding): TokenTable | undefined {
  const gather = view.producer(embedding.tensor);
  const [table, ids] = gather?.inputs ?? [];
  if (gather?.op !== 'Gather' || table === undefined || ids === undefined) return undefined;
  const stored = storedTable(view, table);
  if (!stored || intAttribute(gather, 'axis', 0) !== 0 || behindCasts(view, ids) !== embedding.input) return undefined;
  const bytes = tensorBytes(stored, view.model.bytes, view.external);
  const [count, d_model] = stored.dims as [number, number];
  const width = stored.elementType === ElementType.FLOAT ? 4 : 2;
  if (bytes?.length !== count * d_model * width) return undefined;
  const widened = stored.elementType === ElementType.FLOAT16 ? fromHalf : fromBrain;
  const row = (id: number): Float32Array => {
    if (id >= count) throw new StrataError('invalid-request', `There is no vector for token ${id}.`, { id });
    // A copy: rows in a file need not begin where a typed array could.
    const { buffer } = bytes.slice(id * d_model * width, (id + 1) * d_model * width);
    return width === 4 ? new Float32Array(buffer) : Float32Array.from(new Uint16Array(buffer), widened);
  };
  return {
    tensor: embedding.tensor,
    d_model,
    rows(tokens) {
      const rows = new Float32Array(tokens.length * d_model);
      tokens.forEach((id, index) => rows.set(row(id), index * d_model));
      return rows;
    },
  };
}

/** The matrix of floats that a constant is, or is converted from. */
function storedTable(view: GraphView, name: string): OnnxTensor | undefined {
  const tensor = view.constant(behindCasts(view, name));
  const kinds: readonly number[] = [ElementType.FLOAT, ElementType.FLOAT16, ElementType.BFLOAT16];
  return tensor && kinds.includes(tensor.elementType) && tensor.dims.length === 2 ? tensor : undefined;
}

function behindCasts(view: GraphView, name: string): string {
  for (let at = name; ;) {
    const node = view.producer(at);
    const source = node?.inputs[0];
    if ((node?.op !== 'Cast' && node?.op !== 'Identity') || source === undefined) return at;
    at = source;
  }
}
