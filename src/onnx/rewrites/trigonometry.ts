import { ElementType, type OnnxNode } from '../onnx-model';
import type { Rewriter } from './rewriter';

/**
 * 2π in two parts for Cody–Waite reduction: the first has so few bits that its product with the number of turns is
 * exact in float32 (up to about 80,000 turns), the second is what remains.
 */
const TURN_HIGH = 6.28125;
const TURN_LOW = 2 * Math.PI - TURN_HIGH;

/** Taylor coefficients in r², enough for float32 on [−π, π]. */
const SINE = [1, 3, 5, 7, 9, 11, 13, 15, 17].map(coefficient);
const COSINE = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map(coefficient);

function coefficient(power: number): number {
  let factorial = 1;
  for (let factor = 2; factor <= power; factor++) factorial *= factor;
  return (Math.floor(power / 2) % 2 === 0 ? 1 : -1) / factorial;
}

/**
 * Sin and Cos out of multiplications and additions, within 1e-6 for angles up to 32,768. WGSL allows its own to be
 * wrong by 2⁻¹¹, which rotary embeddings carry into every attention score.
 */
export function arithmeticTrigonometry(rewriter: Rewriter, node: OnnxNode): boolean {
  const [angle = ''] = node.inputs;
  const output = node.outputs[0];
  if (!output || rewriter.view.elementType(angle) !== ElementType.FLOAT) return false;
  const float = (value: number) => rewriter.float(value, ElementType.FLOAT);
  const [r, square] = reduced(rewriter, angle, float);
  const coefficients = node.op === 'Sin' ? SINE : COSINE;
  const last = node.op === 'Cos' ? output : undefined;
  let sum = float(coefficients.at(-1)!);
  for (let at = coefficients.length - 2; at >= 0; at--) {
    const product = rewriter.add('Mul', [sum, square]);
    sum = rewriter.add('Add', [product, float(coefficients[at]!)], [], at === 0 ? last : undefined);
  }
  if (node.op === 'Sin') rewriter.add('Mul', [sum, r], [], output);
  return true;
}

/** The angle less whole turns, in [−π, π], and its square. */
function reduced(rewriter: Rewriter, angle: string, float: (value: number) => string): [string, string] {
  const r = rewriter.once(`reduced:${angle}`, () => {
    const turns = rewriter.add('Mul', [angle, float(1 / (2 * Math.PI))]);
    const whole = rewriter.add('Floor', [rewriter.add('Add', [turns, float(0.5)])]);
    const coarse = rewriter.add('Sub', [angle, rewriter.add('Mul', [whole, float(TURN_HIGH)])]);
    return rewriter.add('Sub', [coarse, rewriter.add('Mul', [whole, float(TURN_LOW)])]);
  });
  return [r, rewriter.once(`square:${angle}`, () => rewriter.add('Mul', [r, r]))];
}
