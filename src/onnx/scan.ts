import { shortestPath } from '../core/relative-path';
import { malformed } from './malformed';
import { bytesPerElement } from './onnx-model';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, TensorData, ValueInfo } from './onnx-model';
import { WireReader, type Field } from './wire';

/** Most nodes, initializers and values one graph may have; larger files are refused before anything is built. */
export const MAX_ITEMS = 200_000;
const MAX_DIMS = 16;

/**
 * Reads an ONNX ModelProto (onnx.proto3). Weights are never copied: each initializer says where its bytes are.
 * @throws StrataError `malformed-model`.
 */
export function scanModel(bytes: Uint8Array): OnnxModel {
  const reader = new WireReader(bytes);
  let irVersion = 0;
  const opsets: { domain: string; version: number }[] = [];
  const functions: Uint8Array[] = [];
  let graphField: Field | undefined;
  for (const field of reader.fields(0, bytes.length)) {
    if (field.number === 1) irVersion = reader.integer(field);
    else if (field.number === 7) graphField = message(field);
    else if (field.number === 8) opsets.push(opset(reader, message(field)));
    else if (field.number === 25) functions.push(reader.slice(field));
    if (opsets.length > 1000 || functions.length > MAX_ITEMS) throw malformed('too-many-functions');
  }
  if (!graphField) throw malformed('no-graph');
  if (opsets.length === 0) throw malformed('no-operator-set');
  const graph = scanGraph(reader, graphField.start, graphField.end);
  return { irVersion, opsets, functions, graph, bytes };
}

/** Reads a GraphProto, e.g. one branch of an `If`; offsets stay relative to the whole file. */
export function scanGraph(reader: WireReader, start: number, end: number): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const values: ValueInfo[] = [];
  for (const field of reader.fields(start, end)) {
    if (field.number === 1) nodes.push(scanNode(reader, message(field)));
    else if (field.number === 5) initializers.push(scanTensor(reader, message(field)));
    else if (field.number === 11) inputs.push(valueInfo(reader, message(field)));
    else if (field.number === 12) outputs.push(valueInfo(reader, message(field)));
    else if (field.number === 13) values.push(valueInfo(reader, message(field)));
    else if (field.number === 15) throw malformed('sparse');
    const items = Math.max(nodes.length, initializers.length, inputs.length, outputs.length, values.length);
    if (items > MAX_ITEMS) throw malformed('too-many-parts', { most: MAX_ITEMS });
  }
  return { nodes, initializers, inputs, outputs, values };
}

function message(field: Field): Field {
  if (field.wire !== 2) throw malformed('no-message');
  return field;
}

function opset(reader: WireReader, outer: Field): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) domain = reader.text(field);
    else if (field.number === 2) version = reader.integer(field);
  }
  return { domain, version };
}

function scanNode(reader: WireReader, outer: Field): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxAttribute[] = [];
  let op = '';
  let domain = '';
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) inputs.push(reader.text(field));
    else if (field.number === 2) outputs.push(reader.text(field));
    else if (field.number === 4) op = reader.text(field);
    else if (field.number === 5) attributes.push(scanAttribute(reader, message(field)));
    else if (field.number === 7) domain = reader.text(field);
  }
  if (op === '') throw malformed('no-operator');
  return { op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

function scanAttribute(reader: WireReader, outer: Field): OnnxAttribute {
  const found: { -readonly [K in keyof OnnxAttribute]: OnnxAttribute[K] } = { name: '', record: reader.slice(outer) };
  const ints: number[] = [];
  const floats: number[] = [];
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) found.name = reader.text(field);
    else if (field.number === 2) found.f = reader.float(field);
    else if (field.number === 3) found.i = reader.integer(field);
    else if (field.number === 4) found.s = reader.text(field);
    else if (field.number === 5) found.t = scanTensor(reader, message(field));
    else if (field.number === 6) found.graph = [message(field).start, field.end];
    else if (field.number === 7) reader.floats(field, floats);
    else if (field.number === 8) reader.integers(field, ints);
  }
  if (ints.length > 0) found.ints = ints;
  if (floats.length > 0) found.floats = floats;
  return found;
}

function scanTensor(reader: WireReader, outer: Field): OnnxTensor {
  const dims: number[] = [];
  let elementType = 0;
  let name = '';
  let raw: Field | undefined;
  let packedFloats: Field | undefined;
  let typedFields = 0;
  let external = false;
  const where = new Map<string, string>();
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) reader.integers(field, dims);
    else if (field.number === 2) elementType = reader.integer(field);
    else if (field.number === 4 || field.number === 10) {
      typedFields++;
      if (field.wire === 2) packedFloats = field;
    } else if ([5, 6, 7, 11].includes(field.number)) typedFields += 2;
    else if (field.number === 8) name = reader.text(field);
    else if (field.number === 9) raw = message(field);
    else if (field.number === 13) {
      const [key, value] = entry(reader, message(field));
      where.set(key, value);
    } else if (field.number === 14) external = reader.integer(field) === 1;
    if (dims.length > MAX_DIMS) throw malformed('tensor-dimensions');
  }
  const size = elementCount(dims);
  const width = bytesPerElement(elementType);
  const need = width === undefined ? undefined : Math.ceil(size * width);
  const data = ((): TensorData => {
    if (external) return externalData(where, need);
    if (raw) return { kind: 'file', offset: raw.start, length: raw.end - raw.start };
    // Packed float_data and double_data have the layout of raw_data, so they can be pointed at as well.
    if (packedFloats && typedFields === 1) {
      return { kind: 'file', offset: packedFloats.start, length: packedFloats.end - packedFloats.start };
    }
    return { kind: 'record', record: reader.slice(outer) };
  })();
  if (data.kind === 'file' && need !== undefined && data.length !== need) {
    throw malformed('wrong-size', { values: size, bytes: data.length });
  }
  return { name, elementType, dims, data };
}

function elementCount(dims: readonly number[]): number {
  let size = 1;
  for (const dim of dims) {
    if (!(dim >= 0)) throw malformed('negative-dimension');
    size *= dim;
  }
  if (!Number.isSafeInteger(size)) throw malformed('impossible-size');
  return size;
}

function externalData(where: ReadonlyMap<string, string>, need: number | undefined): TensorData {
  const written = where.get('location') ?? '';
  // One file has one name, however the exporter wrote the way to it.
  const location = shortestPath(written) ?? written;
  const offset = Number(where.get('offset') ?? 0);
  const length = Number(where.get('length') ?? need);
  if (location === '' || !(Number.isSafeInteger(offset) && offset >= 0) || !Number.isSafeInteger(length)) {
    throw malformed('no-place');
  }
  if (need !== undefined && length !== need) throw malformed('outside-length');
  return { kind: 'external', location, offset, length };
}

function entry(reader: WireReader, outer: Field): [string, string] {
  let key = '';
  let value = '';
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) key = reader.text(field);
    else if (field.number === 2) value = reader.text(field);
  }
  return [key, value];
}

function valueInfo(reader: WireReader, outer: Field): ValueInfo {
  let name = '';
  let elementType = 0;
  let dims: (number | string | undefined)[] | undefined;
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number === 1) name = reader.text(field);
    if (field.number !== 2) continue;
    for (const type of reader.fields(message(field).start, field.end)) {
      if (type.number !== 1) continue;
      for (const tensorType of reader.fields(message(type).start, type.end)) {
        if (tensorType.number === 1) elementType = reader.integer(tensorType);
        else if (tensorType.number === 2) dims = shape(reader, message(tensorType));
      }
    }
  }
  return { name, elementType, ...(dims ? { dims } : {}) };
}

function shape(reader: WireReader, outer: Field): (number | string | undefined)[] {
  const dims: (number | string | undefined)[] = [];
  for (const field of reader.fields(outer.start, outer.end)) {
    if (field.number !== 1) continue;
    let dim: number | string | undefined;
    for (const part of reader.fields(message(field).start, field.end)) {
      if (part.number === 1) dim = reader.integer(part);
      else if (part.number === 2) dim = reader.text(part);
    }
    dims.push(dim);
    if (dims.length > MAX_DIMS) throw malformed('shape-dimensions');
  }
  return dims;
}
