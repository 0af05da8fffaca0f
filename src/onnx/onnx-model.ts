/** ONNX element types (TensorProto.DataType) that occur in decoders. */
export const ElementType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  UINT4: 21,
  INT4: 22,
} as const;

/** Bytes of one element; undefined for strings and unknown types. */
export function bytesPerElement(elementType: number): number | undefined {
  switch (elementType) {
    case ElementType.UINT8:
    case ElementType.INT8:
    case ElementType.BOOL:
      return 1;
    case ElementType.UINT16:
    case ElementType.INT16:
    case ElementType.FLOAT16:
    case ElementType.BFLOAT16:
      return 2;
    case ElementType.FLOAT:
    case ElementType.INT32:
    case ElementType.UINT32:
      return 4;
    case ElementType.INT64:
    case ElementType.UINT64:
    case ElementType.DOUBLE:
      return 8;
    case ElementType.UINT4:
    case ElementType.INT4:
      return 0.5;
    default:
      return undefined;
  }
}

/** True for the element types whose values are floating-point numbers. */
export function isFloat(elementType: number): boolean {
  return (
    elementType === ElementType.FLOAT ||
    elementType === ElementType.FLOAT16 ||
    elementType === ElementType.BFLOAT16 ||
    elementType === ElementType.DOUBLE
  );
}

/** Where a tensor's values are. */
export type TensorData =
  /** Little-endian and contiguous in the model file itself. */
  | { readonly kind: 'file'; readonly offset: number; readonly length: number }
  /** In another file beside it; `length` undefined means "what the dimensions need". */
  | { readonly kind: 'external'; readonly location: string; readonly offset: number; readonly length: number }
  /** Made by a rewrite: little-endian bytes. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** In typed fields of the record (`int64_data` …), which is kept as it stands. */
  | { readonly kind: 'record'; readonly record: Uint8Array };

export interface OnnxTensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export interface OnnxAttribute {
  readonly name: string;
  /** AttributeProto as it stands in the file, or as made by a rewrite. */
  readonly record: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly s?: string;
  readonly ints?: readonly number[];
  readonly floats?: readonly number[];
  readonly t?: OnnxTensor;
  /** Bytes of a subgraph (`If`, `Loop`) inside the model file: `[start, end)`. */
  readonly graph?: readonly [number, number];
}

export interface OnnxNode {
  readonly op: string;
  /** `''` for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

export interface ValueInfo {
  readonly name: string;
  /** 0 when not a tensor or not stated. */
  readonly elementType: number;
  /** A number, or a symbol, or undefined where nothing is stated; undefined as a whole when there is no shape. */
  readonly dims?: readonly (number | string | undefined)[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly values: readonly ValueInfo[];
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Model-local functions (FunctionProto), as they stand. */
  readonly functions: readonly Uint8Array[];
  readonly graph: OnnxGraph;
  /** The file the offsets point into. */
  readonly bytes: Uint8Array;
}

export function attribute(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attributes.find((candidate) => candidate.name === name);
}

export function intAttribute(node: OnnxNode, name: string, absent: number): number {
  return attribute(node, name)?.i ?? absent;
}

/** Version of the standard operator set. */
export function standardOpset(model: OnnxModel): number {
  return model.opsets.find((opset) => opset.domain === '' || opset.domain === 'ai.onnx')?.version ?? 1;
}
