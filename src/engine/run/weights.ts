import type { WeightReader } from '../../core/probe';
import { tensor, type Tensor } from '../../core/tensor';
import type { Anatomy } from '../../onnx/anatomy';
import type { GraphView } from '../../onnx/graph';
import { readWeight } from '../../onnx/projection';

/** Reads weights from the file by anatomy; each is decoded when first asked for and then kept. */
export function weightReader(view: GraphView, anatomy: Anatomy | undefined): WeightReader {
  const known = new Map<number, Tensor | undefined>();
  return {
    W_O(layer) {
      if (!known.has(layer)) known.set(layer, readOutput(view, anatomy, layer));
      return known.get(layer);
    },
  };
}

function readOutput(view: GraphView, anatomy: Anatomy | undefined, layer: number): Tensor | undefined {
  const output = anatomy?.layers[layer]?.attention?.output;
  const weight = output && readWeight(view, output);
  if (!anatomy || !weight) return undefined;
  const { n_heads, d_head, d_model } = anatomy.dims;
  return weight.data.length === n_heads * d_head * d_model
    ? tensor([n_heads, d_head, d_model], weight.data)
    : undefined;
}
