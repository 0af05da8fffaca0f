import type { Site } from './attention';
import type { GraphView } from './graph';
import type { OnnxNode } from './onnx-model';
import { isProjection, projectionDims, projectionEnd, projectionInput, projectionResult } from './projection';

export interface MlpSites {
  /** Input of the activation function (of the gate, in a gated MLP). */
  readonly pre?: Site;
  /** The factor of a gated MLP that goes through no activation function. */
  readonly linear?: string;
  /** What the output projection reads. */
  readonly post: Site;
  readonly output: OnnxNode;
  /** The output projection's product: before bias, post-norm and factor. Undefined where it is not found. */
  readonly product: string | undefined;
  readonly d_mlp: number;
}

/** Operators that choose among experts or weigh them. */
const ROUTING = new Set(['Softmax', 'TopK', 'NonZero', 'ScatterND', 'ScatterElements', 'Loop', 'MoE', 'QMoE']);
const PRODUCTS = new Set(['MatMul', 'FusedMatMul', 'Einsum', 'Gemm']);
/** Into the neurons and out of them; three with a gate of its own. */
const PRODUCTS_OF_AN_MLP = [2, 3];

/**
 * Finds the tensors of an MLP branch.
 * @returns Undefined when it is not one way into neurons and out of them, as in a mixture of experts.
 */
export function mlpSites(view: GraphView, branch: ReadonlySet<string>): MlpSites | undefined {
  const nodes = view.makers(branch);
  const projections = nodes.filter((node) => isProjection(view, node));
  const mixed = nodes.some((node) => ROUTING.has(node.op) || (PRODUCTS.has(node.op) && !projections.includes(node)));
  if (mixed || !PRODUCTS_OF_AN_MLP.includes(projections.length)) return undefined;
  const output = projections.pop()!;
  const d_mlp = projectionDims(view, output)?.[0];
  const post = projectionInput(view, output);
  // Every other product leads into the neurons: none of them reads another one's neurons.
  const inside = view.ancestors(post, branch);
  if (d_mlp === undefined || !projections.every((node) => inside.has(node.outputs[0]!))) return undefined;
  const { pre, linear } = preActivation(view, projections, post, d_mlp);
  return {
    ...(pre === undefined ? {} : { pre: positionsFirst(pre) }),
    ...(linear === undefined ? {} : { linear }),
    post: positionsFirst(post),
    output,
    product: projectionEnd(view, output).product,
    d_mlp,
  };
}

function positionsFirst(tensor: string): Site {
  return { tensor, layout: 'positions-first' };
}

interface PreActivation {
  readonly pre?: string;
  readonly linear?: string;
}

function preActivation(view: GraphView, inputs: readonly OnnxNode[], post: string, d_mlp: number): PreActivation {
  const first = inputs[0];
  // What a FusedGemm gives is activated already.
  if (!first || inputs.some((node) => node.op === 'FusedGemm')) return {};
  const wide = (node: OnnxNode): boolean => projectionDims(view, node)?.[1] === d_mlp;
  if (inputs.length === 1 && wide(first)) return { pre: projectionResult(view, first) };
  const halves =
    inputs.length === 2 && inputs.every(wide)
      ? inputs.map((node) => projectionResult(view, node))
      : halvesOf(view, first);
  const product = view.producer(post);
  if (halves.length !== 2 || product?.op !== 'Mul') return {};
  // The factor that is multiplied in as it stands is the linear half; the other one goes through the activation.
  const direct = product.inputs.map((input) => behindReshape(view, input));
  // Where both are (a bilinear MLP), neither enters an activation function.
  if (halves.every((half) => direct.includes(half))) return {};
  const linear = halves.find((half) => direct.includes(half));
  const pre = halves.find((half) => half !== linear);
  return linear === undefined || pre === undefined ? {} : { pre, linear };
}

/** The two outputs of the Split behind a joint gate-and-up projection. */
function halvesOf(view: GraphView, projection: OnnxNode): readonly string[] {
  const split = view
    .consumers(projectionResult(view, projection))
    .filter((node) => ['Split', 'Slice'].includes(node.op));
  return split.flatMap((node) => node.outputs);
}

function behindReshape(view: GraphView, name: string): string {
  for (let at = name; ;) {
    const node = view.producer(at);
    if (!node || !['Reshape', 'Cast', 'Identity'].includes(node.op) || !node.inputs[0]) return at;
    at = node.inputs[0];
  }
}
