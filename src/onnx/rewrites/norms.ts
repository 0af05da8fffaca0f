import { makeFloat, makeInt } from '../emit';
import { attribute, type OnnxNode } from '../onnx-model';
import { isProjection } from '../projection';
import type { Rewriter } from './rewriter';

const EPSILON = 1e-12;

/** Skip(Simplified)LayerNormalization: the addition to the stream and the norm, each by itself. */
export function skipNormalization(rewriter: Rewriter, node: OnnxNode): boolean {
  const simplified = node.op === 'SkipSimplifiedLayerNormalization';
  const [input = '', skip = '', scale = ''] = node.inputs;
  const beta = simplified ? undefined : node.inputs[3];
  const bias = node.inputs[simplified ? 3 : 4];
  let terms: [string, string] = [input, skip];
  if (bias) {
    // The bias belongs to the branch, not to the stream.
    const branch = isBranch(rewriter, skip) && !isBranch(rewriter, input) ? skip : input;
    const complete = rewriter.add('Add', [branch, bias]);
    terms = branch === input ? [complete, skip] : [input, complete];
  }
  const sum = rewriter.add('Add', terms, [], node.outputs[3] || undefined);
  const epsilon = makeFloat('epsilon', attribute(node, 'epsilon')?.f ?? EPSILON);
  const inputs = beta ? [sum, scale, beta] : [sum, scale];
  rewriter.add(
    simplified ? 'SimplifiedLayerNormalization' : 'LayerNormalization',
    inputs,
    [makeInt('axis', -1), epsilon],
    node.outputs[0]!,
  );
  return true;
}

/** True for the result of a projection, reshaped or not. */
function isBranch(rewriter: Rewriter, name: string): boolean {
  for (let at = name; ;) {
    const node = rewriter.view.producer(at);
    if (!node) return false;
    if (isProjection(rewriter.view, node)) return true;
    if (node.op !== 'Reshape' && node.op !== 'Cast') return false;
    at = node.inputs[0] ?? '';
  }
}

/** BiasGelu and FastGelu with a bias: the bias belongs to the projection before the activation. */
export function biasedGelu(rewriter: Rewriter, node: OnnxNode): boolean {
  const [input = '', bias] = node.inputs;
  if (!bias) return false;
  const sum = rewriter.add('Add', [input, bias]);
  rewriter.add(node.op === 'BiasGelu' ? 'Gelu' : node.op, [sum], [], node.outputs[0]!, 'com.microsoft');
  return true;
}
