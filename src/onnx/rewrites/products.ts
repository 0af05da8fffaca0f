import { makeFloat } from '../emit';
import type { GraphView } from '../graph';
import { attribute, type OnnxNode } from '../onnx-model';
import { isProjection } from '../projection';
import { typeOr32, type Rewriter } from './rewriter';

/** Activations without numbers of their own. */
const UNSHAPED = new Set(['Relu', 'Tanh', 'Sigmoid', 'Softplus']);

/** FusedGemm: the product, which stands before the activation, and the activation by itself. */
export function activatedProduct(rewriter: Rewriter, node: OnnxNode): boolean {
  const activation = attribute(node, 'activation')?.s;
  if (!activation || !UNSHAPED.has(activation)) return false;
  const own = node.attributes.filter(({ name }) => !name.startsWith('activation'));
  rewriter.add(activation, [rewriter.add('Gemm', node.inputs, own)], [], node.outputs[0]!);
  return true;
}

/**
 * FusedMatMul with a weight and a factor: the factor by itself. It is the half of a GELU that is not complete without
 * it, else a scale of the product (both have been seen to be folded in).
 */
export function scaledProduct(rewriter: Rewriter, node: OnnxNode): boolean {
  const factor = attribute(node, 'alpha')?.f ?? 1;
  const [activation = '', weight = ''] = node.inputs;
  if (factor === 1 || !isProjection(rewriter.view, node)) return false;
  const scale = rewriter.float(factor, typeOr32(rewriter.view.elementType(activation)));
  const unscaled = [...node.attributes.filter(({ name }) => name !== 'alpha'), makeFloat('alpha', 1)];
  const product = (input: string, output?: string): string =>
    rewriter.add(node.op, [input, weight], unscaled, output, node.domain);
  if (factor === 0.5 && isDoubleGelu(rewriter.view, activation)) {
    product(rewriter.add('Mul', [activation, scale]), node.outputs[0]!);
  } else {
    rewriter.add('Mul', [product(activation), scale], [], node.outputs[0]!);
  }
  return true;
}

/** True for `x · (1 + tanh …)` and `x · (1 + erf …)`. */
function isDoubleGelu(view: GraphView, name: string): boolean {
  const product = view.producer(view.strip(name));
  if (product?.op !== 'Mul') return false;
  return product.inputs.some((factor) => {
    const sum = view.producer(factor);
    return sum?.op === 'Add' && sum.inputs.some((term) => ['Tanh', 'Erf'].includes(view.producer(term)?.op ?? ''));
  });
}
