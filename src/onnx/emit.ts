import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from './onnx-model';
import { ElementType } from './onnx-model';
import { WireWriter } from './wire';

/** Location under which the model file itself is handed to ONNX Runtime as external data. */
export const SOURCE_LOCATION = 'strata-source';
/** Tensors up to this many bytes are kept in the header, so that shapes and constants can be folded. */
const INLINE_LIMIT = 1024;

/** What a new header is made of; `bytes` is the file that `file` tensors point into. */
export interface GraphParts {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly ValueInfo[];
  /** Names are enough: ONNX Runtime infers the types of outputs. */
  readonly outputs: readonly string[];
}

export interface Header {
  readonly bytes: Uint8Array;
  /** True when some tensor points into the model file ({@link SOURCE_LOCATION}). */
  readonly usesSource: boolean;
  /** Locations of other files that are needed. */
  readonly locations: ReadonlySet<string>;
}

/**
 * Writes a ModelProto with the given graph. Large tensors become references into the original bytes; nothing of
 * theirs is copied.
 */
export function emitModel(model: OnnxModel, parts: GraphParts): Header {
  let usesSource = false;
  const locations = new Set<string>();
  const tensor = (writer: WireWriter, source: OnnxTensor): void => {
    const { data } = source;
    if (data.kind === 'record') {
      // The record already carries its name; a later field 8 overrides it should a rewrite have renamed the tensor.
      writer.bytes(5, concatenate(data.record, new WireWriter().text(8, source.name).finish()));
      return;
    }
    writer.message(5, (inner) => {
      for (const dim of source.dims) inner.integer(1, dim);
      inner.integer(2, source.elementType).text(8, source.name);
      if (data.kind === 'bytes') inner.bytes(9, data.bytes);
      else if (data.kind === 'file' && data.length <= INLINE_LIMIT) {
        inner.bytes(9, model.bytes.subarray(data.offset, data.offset + data.length));
      } else {
        const location = data.kind === 'file' ? SOURCE_LOCATION : data.location;
        if (data.kind === 'file') usesSource = true;
        else locations.add(location);
        const pairs = { location, offset: String(data.offset), length: String(data.length) };
        for (const [key, value] of Object.entries(pairs)) {
          inner.message(13, (pair) => pair.text(1, key).text(2, value));
        }
        inner.integer(14, 1);
      }
    });
  };
  const writer = new WireWriter();
  writer.integer(1, Math.max(model.irVersion, 8)).text(2, 'strata');
  writer.message(7, (graph) => {
    for (const node of parts.nodes) graph.bytes(1, emitNode(node));
    graph.text(2, 'strata');
    for (const initializer of parts.initializers) tensor(graph, initializer);
    for (const input of parts.inputs) graph.bytes(11, emitValue(input));
    for (const output of parts.outputs) graph.bytes(12, emitValue({ name: output, elementType: 0 }));
  });
  for (const opset of opsetsFor(model, parts.nodes)) {
    writer.message(8, (inner) => inner.text(1, opset.domain).integer(2, opset.version));
  }
  for (const body of model.functions) writer.bytes(25, body);
  return { bytes: writer.finish(), usesSource, locations };
}

function opsetsFor(model: OnnxModel, nodes: readonly OnnxNode[]): { domain: string; version: number }[] {
  const opsets = [...model.opsets];
  if (nodes.some((node) => node.domain === 'com.microsoft') && !opsets.some((o) => o.domain === 'com.microsoft')) {
    opsets.push({ domain: 'com.microsoft', version: 1 });
  }
  return opsets;
}

function emitNode(node: OnnxNode): Uint8Array {
  const writer = new WireWriter();
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  writer.text(4, node.op);
  for (const attribute of node.attributes) writer.bytes(5, attribute.record);
  if (node.domain !== '') writer.text(7, node.domain);
  return writer.finish();
}

function emitValue(value: ValueInfo): Uint8Array {
  const writer = new WireWriter().text(1, value.name);
  if (value.elementType === 0) return writer.finish();
  return writer
    .message(2, (type) =>
      type.message(1, (tensorType) => {
        tensorType.integer(1, value.elementType);
        if (!value.dims) return;
        tensorType.message(2, (shape) => {
          for (const dim of value.dims ?? []) {
            shape.message(1, (part) => {
              if (typeof dim === 'number') part.integer(1, dim);
              else if (dim !== undefined) part.text(2, dim);
            });
          }
        });
      }),
    )
    .finish();
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly OnnxAttribute[] = [],
  domain = '',
): OnnxNode {
  return { op, domain, inputs, outputs, attributes };
}

export function makeInt(name: string, value: number): OnnxAttribute {
  return { name, i: value, record: new WireWriter().text(1, name).integer(3, value).integer(20, 2).finish() };
}

export function makeFloat(name: string, value: number): OnnxAttribute {
  return { name, f: value, record: new WireWriter().text(1, name).float(2, value).integer(20, 1).finish() };
}

export function makeInts(name: string, values: readonly number[]): OnnxAttribute {
  const writer = new WireWriter().text(1, name);
  for (const value of values) writer.integer(8, value);
  return { name, ints: values, record: writer.integer(20, 7).finish() };
}

/** An int64 tensor; a scalar when `dims` is empty. */
export function makeInt64(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): OnnxTensor {
  const data = BigInt64Array.from(values, (value) => BigInt(value));
  return { name, elementType: ElementType.INT64, dims, data: { kind: 'bytes', bytes: new Uint8Array(data.buffer) } };
}

export function makeFloat32(
  name: string,
  values: ArrayLike<number>,
  dims: readonly number[] = [values.length],
): OnnxTensor {
  const data = Float32Array.from(values);
  return { name, elementType: ElementType.FLOAT, dims, data: { kind: 'bytes', bytes: new Uint8Array(data.buffer) } };
}

/** A float32 or float16 tensor: a constant has to have the type of what it meets. */
export function makeFloatLike(
  name: string,
  values: readonly number[],
  elementType: number,
  half: (value: number) => number,
  dims: readonly number[] = [values.length],
): OnnxTensor {
  if (elementType !== ElementType.FLOAT16) return makeFloat32(name, values, dims);
  const data = Uint16Array.from(values, half);
  return { name, elementType, dims, data: { kind: 'bytes', bytes: new Uint8Array(data.buffer) } };
}
