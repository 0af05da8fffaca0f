import { fromBrain, fromHalf, tensorBytes } from '../constants';
import { makeFloat32, makeInt, makeNode } from '../emit';
import {
  ElementType,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../onnx-model';
import { WireWriter } from '../wire';

/** True for the types that are stored in two bytes. */
function isHalf(elementType: number | undefined): boolean {
  return elementType === ElementType.FLOAT16 || elementType === ElementType.BFLOAT16;
}

/** True when some weight or conversion of the graph is of this type. */
function uses(model: OnnxModel, elementType: number): boolean {
  const { initializers, nodes, inputs } = model.graph;
  return (
    initializers.some((tensor) => tensor.elementType === elementType) ||
    inputs.some((input) => input.elementType === elementType) ||
    nodes.some((node) =>
      node.attributes.some(
        ({ name, t, i }) => t?.elementType === elementType || (TYPES.has(name) && i === elementType),
      ),
    )
  );
}

/** Attributes that name a type. */
const TYPES = new Set(['to', 'dtype', 'output_dtype', 'softmax_precision']);

export function usesFloat16(model: OnnxModel): boolean {
  return uses(model, ElementType.FLOAT16);
}

/** bfloat16: no backend of the runtime computes in it. */
export function usesBrainFloat(model: OnnxModel): boolean {
  return uses(model, ElementType.BFLOAT16);
}

/**
 * The same model computed in float32, its weights still stored in half precision (or as bfloat16, which no backend
 * computes in). ONNX Runtime's CPU kernels do
 * this anyway, but round to half precision wherever its fusions end: results would then depend on what is tapped.
 */
export function computeInFloat32(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const casts: OnnxNode[] = [];
  const initializers = graph.initializers.map((tensor): OnnxTensor => {
    if (!isHalf(tensor.elementType)) return tensor;
    const stored = `strata.half.${tensor.name}`;
    casts.push(makeNode('Cast', [stored], [tensor.name], [makeInt('to', ElementType.FLOAT)]));
    return { ...tensor, name: stored };
  });
  const wide = (value: ValueInfo): ValueInfo =>
    isHalf(value.elementType) ? { ...value, elementType: ElementType.FLOAT } : value;
  return {
    ...model,
    graph: {
      nodes: [...casts, ...graph.nodes.map((node) => widen(node, model))],
      initializers,
      inputs: graph.inputs.map(wide),
      outputs: graph.outputs.map(wide),
      values: graph.values.map(wide),
    },
  };
}

function widen(node: OnnxNode, model: OnnxModel): OnnxNode {
  const attributes = node.attributes.map((attribute): OnnxAttribute => {
    if (attribute.t && isHalf(attribute.t.elementType)) return widenTensor(attribute, attribute.t, model);
    const named = TYPES.has(attribute.name) && isHalf(attribute.i);
    return named ? makeInt(attribute.name, ElementType.FLOAT) : attribute;
  });
  return attributes.some((attribute, index) => attribute !== node.attributes[index]) ? { ...node, attributes } : node;
}

function widenTensor(attribute: OnnxAttribute, tensor: OnnxTensor, model: OnnxModel): OnnxAttribute {
  const bytes = tensorBytes(tensor, model.bytes, new Map());
  if (!bytes || bytes.length !== 2 * tensor.dims.reduce((product, dim) => product * dim, 1)) return attribute;
  const halves = new Uint16Array(bytes.slice().buffer);
  const widened = Array.from(halves, tensor.elementType === ElementType.FLOAT16 ? fromHalf : fromBrain);
  const t = makeFloat32(tensor.name, widened, tensor.dims);
  const record = new WireWriter()
    .text(1, attribute.name)
    .message(5, (inner) => {
      for (const dim of t.dims) inner.integer(1, dim);
      inner.integer(2, t.elementType);
      if (t.data.kind === 'bytes') inner.bytes(9, t.data.bytes);
    })
    .integer(20, 4)
    .finish();
  return { name: attribute.name, t, record };
}
