import { attribute, type OnnxNode } from './onnx-model';

/** The letters of an Einsum of two operands; undefined for other operators and for equations with `…`. */
export function einsumTerms(
  node: OnnxNode,
): { readonly inputs: readonly string[]; readonly output: string } | undefined {
  if (node.op !== 'Einsum') return undefined;
  const [left, output] = (attribute(node, 'equation')?.s ?? '').replaceAll(' ', '').split('->');
  const inputs = left?.split(',') ?? [];
  const plain = [...inputs, output ?? ''].every((term) => /^[A-Za-z]+$/.test(term));
  return output !== undefined && inputs.length === 2 && plain ? { inputs, output } : undefined;
}

/** The one of two operands that has an axis; the first where both or neither do. */
export function einsumOperand(node: OnnxNode, letter: string): 0 | 1 {
  const { inputs } = einsumTerms(node) ?? { inputs: [] };
  return inputs[1]?.includes(letter) === true && inputs[0]?.includes(letter) === false ? 1 : 0;
}

/** True for a Transpose that lets the last two axes change places and no others. */
export function turnsLastTwo(node: OnnxNode): boolean {
  const perm = attribute(node, 'perm')?.ints ?? [];
  const last = perm.length - 1;
  return last >= 1 && perm.every((axis, at) => axis === (at === last ? last - 1 : at === last - 1 ? last : at));
}
