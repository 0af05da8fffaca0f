import type { GraphView } from './graph';
import { ElementType, intAttribute, type OnnxNode } from './onnx-model';
import { constantDims, isProjection, projectionDims, projectionResult } from './projection';
import { unknownAnatomy } from './unknown-anatomy';

/** Where token ids become vectors. */
export interface Embedding {
  readonly input: string;
  /** Output of the Gather. */
  readonly tensor: string;
  /**
   * After dequantisation, a constant scale (Gemma's √d_model) and a product with a weight (OPT-350m's narrow table),
   * which belong to the embedding.
   */
  readonly scaled: string;
  /** Numbers that `scaled` has for a token. */
  readonly width: number;
  readonly d_vocab: number;
  /** Width of the table. */
  readonly d_table: number;
}

/** The Gather that turns token ids into vectors: its table has a row for every logit. */
export function findEmbedding(view: GraphView, unembedding: OnnxNode, d_vocab: number | undefined): Embedding {
  if (d_vocab === undefined) throw unknownAnatomy('vocabulary-unstated', { operator: unembedding.op });
  const inputs = new Set(view.model.graph.inputs.filter((input) => isInteger(input.elementType)).map((i) => i.name));
  for (const node of view.nodes) {
    if (node.op !== 'Gather' && node.op !== 'GatherBlockQuantized') continue;
    // Packed tables hide their size; their scales have a row for every token as well.
    const dims = constantDims(view, node.inputs[node.op === 'Gather' ? 0 : 2] ?? '');
    const input = tokenInput(view, node.inputs[1] ?? '', inputs);
    const tensor = node.outputs[0];
    // A table may be padded beyond the vocabulary the unembedding knows, or the other way round.
    if (!input || !tensor || dims?.length !== 2 || dims[0]! < d_vocab * 0.9 || !isFloatTable(view, node)) continue;
    const d_table = node.op === 'Gather' ? dims[1]! : (projectionDims(view, unembedding)?.[0] ?? 0);
    return { input, tensor, ...scaledEmbedding(view, tensor, d_table), d_vocab, d_table };
  }
  throw unknownAnatomy('no-token-table');
}

/**
 * Rows of the smallest table that the ids themselves are looked up in, so that ids beyond it cannot be read; undefined
 * where no table of the file's says.
 * @param tokens Name of the input with the token ids.
 */
export function rowsOfTokens(view: GraphView, tokens: string): number | undefined {
  const rows = view.nodes.flatMap((node) => {
    if (!node.op.startsWith('Gather') || view.strip(node.inputs[1] ?? '') !== tokens) return [];
    const dims = constantDims(view, node.inputs[0] ?? '');
    return dims?.length === 2 && intAttribute(node, 'axis', 0) === 0 ? [dims[0]!] : [];
  });
  return rows.length > 0 ? Math.min(...rows) : undefined;
}

function scaledEmbedding(view: GraphView, tensor: string, d_table: number): Pick<Embedding, 'scaled' | 'width'> {
  let width = d_table;
  for (let at = tensor; ;) {
    const [reader, second] = view.consumers(at).filter((node) => node.op !== 'Shape');
    const next = reader?.outputs[0];
    const done = { scaled: at, width };
    if (second || !reader || next === undefined) return done;
    if (isProjection(view, reader)) {
      const wide = projectionDims(view, reader)?.[1];
      if (wide === undefined) return done;
      at = projectionResult(view, reader);
      width = wide;
      continue;
    }
    const scales = reader.op === 'Mul' && reader.inputs.some((name) => view.isConstant(name));
    if (!(scales || reader.op === 'DequantizeLinear')) return done;
    at = next;
  }
}

function isInteger(elementType: number): boolean {
  return elementType === ElementType.INT64 || elementType === ElementType.INT32;
}

function isFloatTable(view: GraphView, node: OnnxNode): boolean {
  const type = view.elementType(node.outputs[0]!);
  return type !== ElementType.INT64 && type !== ElementType.INT32 && type !== ElementType.BOOL;
}

/** The graph input that indices come from, behind reshapes and casts. */
function tokenInput(view: GraphView, name: string, inputs: ReadonlySet<string>): string | undefined {
  for (let at = name; ;) {
    if (inputs.has(at)) return at;
    const node = view.producer(at);
    if (!node || !['Reshape', 'Cast', 'Identity', 'Unsqueeze', 'Squeeze', 'Flatten'].includes(node.op))
      return undefined;
    at = node.inputs[0] ?? '';
  }
}
