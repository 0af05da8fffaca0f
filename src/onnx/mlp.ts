import type { Site } from './attention';
import type { GraphView } from './graph';
import type { OnnxNode } from './onnx-model';
import { isProjection, projectionDims, projectionInput, projectionResult } from './projection';

export interface MlpSites {
  /** Input of the activation function (of the gate, in a gated MLP). */
  readonly pre?: Site;
  /** What the output projection reads. */
  readonly post?: Site;
  readonly output: OnnxNode;
  readonly d_mlp: number;
}

/** Finds the tensors of an MLP branch; undefined when it holds no matrix product of a known size. */
export function mlpSites(view: GraphView, branch: ReadonlySet<string>): MlpSites | undefined {
  const projections = view.makers(branch).filter((node) => isProjection(view, node));
  const output = projections.pop();
  const d_mlp = output && projectionDims(view, output)?.[0];
  if (!output || d_mlp === undefined) return undefined;
  const post = projectionInput(view, output);
  const pre = preActivation(view, projections, post, d_mlp);
  const site = (tensor: string): Site => ({ tensor, layout: 'positions-first' });
  return { ...(pre === undefined ? {} : { pre: site(pre) }), post: site(post), output, d_mlp };
}

function preActivation(view: GraphView, inputs: readonly OnnxNode[], post: string, d_mlp: number): string | undefined {
  const first = inputs[0];
  // What a FusedGemm gives is activated already.
  if (!first || inputs.some((node) => node.op === 'FusedGemm')) return undefined;
  const wide = (node: OnnxNode): boolean => projectionDims(view, node)?.[1] === d_mlp;
  if (inputs.length === 1 && wide(first)) return projectionResult(view, first);
  const halves =
    inputs.length === 2 && inputs.every(wide)
      ? inputs.map((node) => projectionResult(view, node))
      : halvesOf(view, first);
  const product = view.producer(post);
  if (halves.length !== 2 || product?.op !== 'Mul') return undefined;
  // The factor that is multiplied in as it stands is the linear half; the other one goes through the activation.
  const direct = product.inputs.map((input) => behindReshape(view, input));
  const linear = halves.find((half) => direct.includes(half));
  return halves.find((half) => half !== linear && linear !== undefined);
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
