import type { GraphView } from './graph';
import type { OnnxNode } from './onnx-model';
import { isProjection } from './projection';
import { storedValues, type StoredValues } from './stored-values';
import { sizeOf } from '../core/tensor';

/** What a norm multiplies and adds per dimension; absent where it does not. */
export interface NormWeights {
  readonly gain?: StoredValues;
  readonly bias?: StoredValues;
}

const NORMS = new Set(['LayerNormalization', 'SimplifiedLayerNormalization', 'RMSNormalization']);
const PASSING = new Set(['Cast', 'Identity', 'Dropout', 'Reshape', 'Squeeze', 'Unsqueeze', 'DynamicQuantizeLinear']);
const MEANS = new Set(['ReduceMean', 'ReduceSumSquare', 'ReduceL2']);
/** Most tensors of a norm that is spelled out. */
const MAX_PARTS = 24;

/**
 * The norm between two tensors, as one operator or spelled out.
 * @param stop Where the walk down ends: the tensor the norm would read.
 * @returns `none` when there is no norm between them, undefined when what is there is not understood.
 */
export function normWeights(view: GraphView, from: string, stop: string): NormWeights | 'none' | undefined {
  let gain: StoredValues | undefined;
  let bias: StoredValues | undefined;
  for (let at = from; ;) {
    if (at === stop || view.strip(at) === view.strip(stop)) return 'none';
    const node = view.producer(at);
    if (!node?.inputs[0]) return undefined;
    const moving = node.inputs.filter((input) => input !== '' && !view.isConstant(input));
    const constant = node.inputs.find((input) => view.isConstant(input));
    if (NORMS.has(node.op)) {
      if (gain || bias) return undefined;
      return weightsOf(view, node);
    }
    if (PASSING.has(node.op)) at = node.inputs[0];
    else if (moving.length === 1 && constant !== undefined && ['Add', 'Mul', 'Div', 'Sub'].includes(node.op)) {
      const values = storedValues(view, constant);
      const many = values !== undefined && sizeOf(values.dims) > 1;
      if (!values) return undefined;
      if (many && node.op === 'Add' && !gain && !bias) bias = values;
      else if (many && node.op === 'Mul' && !gain) gain = values;
      else if (many) return undefined;
      at = moving[0]!;
    } else if (moving.length === 2 && (node.op === 'Mul' || node.op === 'Div') && averages(view, node, stop)) {
      return { ...(gain ? { gain } : {}), ...(bias ? { bias } : {}) };
    } else return undefined;
  }
}

function weightsOf(view: GraphView, node: OnnxNode): NormWeights | undefined {
  const [, scale, shift] = node.inputs;
  const gain = scale ? storedValues(view, scale) : undefined;
  const bias = shift ? storedValues(view, shift) : undefined;
  if (!gain || (shift && !bias)) return undefined;
  return { gain, ...(bias ? { bias } : {}) };
}

/** True for the quotient at a norm's heart: both sides are made of the tensor, one of them by averaging over it. */
function averages(view: GraphView, node: OnnxNode, tensor: string): boolean {
  const source = view.strip(tensor);
  const found = new Set(node.inputs);
  let mean = false;
  for (const name of found) {
    const maker = name === source ? undefined : view.producer(name);
    if (!maker || found.size > MAX_PARTS || isProjection(view, maker)) continue;
    mean ||= MEANS.has(maker.op);
    for (const input of maker.inputs) found.add(input);
  }
  return mean && found.has(source);
}
