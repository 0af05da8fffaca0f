import { fromHalf, tensorBytes } from '../constants';
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

/** True when some weight or conversion of the graph is in half precision. */
export function usesFloat16(model: OnnxModel): boolean {
  const { initializers, nodes, inputs } = model.graph;
  return (
    initializers.some((tensor) => tensor.elementType === ElementType.FLOAT16) ||
    inputs.some((input) => input.elementType === ElementType.FLOAT16) ||
    nodes.some((node) => node.attributes.some((attribute) => attribute.t?.elementType === ElementType.FLOAT16))
  );
}

/**
 * The same model computed in float32, its weights still stored in half precision. ONNX Runtime's CPU kernels do
 * this anyway, but round to half precision wherever its fusions end: results would then depend on what is tapped.
 */
export function computeInFloat32(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const casts: OnnxNode[] = [];
  const initializers = graph.initializers.map((tensor): OnnxTensor => {
    if (tensor.elementType !== ElementType.FLOAT16) return tensor;
    const stored = `strata.half.${tensor.name}`;
    casts.push(makeNode('Cast', [stored], [tensor.name], [makeInt('to', ElementType.FLOAT)]));
    return { ...tensor, name: stored };
  });
  const wide = (value: ValueInfo): ValueInfo =>
    value.elementType === ElementType.FLOAT16 ? { ...value, elementType: ElementType.FLOAT } : value;
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
    if (attribute.t?.elementType === ElementType.FLOAT16) return widenTensor(attribute, attribute.t, model);
    const names = attribute.name === 'to' || attribute.name === 'dtype';
    return names && attribute.i === ElementType.FLOAT16 ? makeInt(attribute.name, ElementType.FLOAT) : attribute;
  });
  return attributes.some((attribute, index) => attribute !== node.attributes[index]) ? { ...node, attributes } : node;
}

function widenTensor(attribute: OnnxAttribute, tensor: OnnxTensor, model: OnnxModel): OnnxAttribute {
  const bytes = tensorBytes(tensor, model.bytes, new Map());
  if (!bytes || bytes.length !== 2 * tensor.dims.reduce((product, dim) => product * dim, 1)) return attribute;
  const halves = new Uint16Array(bytes.slice().buffer);
  const t = makeFloat32(tensor.name, Array.from(halves, fromHalf), tensor.dims);
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
