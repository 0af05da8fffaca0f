import type { GraphView } from './graph';
import { isProjection } from './projection';

/**
 * `scaled`: a gate or a norm, which leaves every number of z in its head; `mixed`: more than that, so that what the
 * output projection reads of a head is not that head's z.
 */
export type Between = 'scaled' | 'mixed';

/** Operators that gates and norms are made of, and those that change no value. */
const SCALING = new Set([
  'Reshape',
  'Transpose',
  'Cast',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Dropout',
  'DynamicQuantizeLinear',
  'Shape',
  'Mul',
  'Div',
  'Add',
  'Sub',
  'Pow',
  'Sqrt',
  'Reciprocal',
  'ReduceMean',
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
]);

/** What the heads' values go through before a projection reads them. @param branch Tensors of attention's branch. */
export function betweenHeadsAndOutput(view: GraphView, z: string, branch: ReadonlySet<string>): Between {
  const seen = new Set([z]);
  for (const name of seen) {
    for (const node of view.consumers(name)) {
      const inside = node.outputs.filter((output) => branch.has(output));
      if (inside.length === 0) continue;
      // A product over heads or over the numbers of a head is no way out of attention: it has other projections above.
      if (isProjection(view, node)) {
        const above = view
          .makers(branch)
          .some(
            (other) =>
              other !== node &&
              isProjection(view, other) &&
              view.ancestors(other.outputs[0]!, branch).has(node.outputs[0]!),
          );
        if (above) return 'mixed';
        continue;
      }
      if (!SCALING.has(node.op)) return 'mixed';
      for (const output of inside) seen.add(output);
    }
  }
  return 'scaled';
}

/** True where something is added to a part's output that was not made from it, before it joins the stream. */
export function isSummed(view: GraphView, product: string, branch: ReadonlySet<string>): boolean {
  const own = new Set([product]);
  for (const name of own) {
    for (const node of view.consumers(name)) {
      for (const output of node.outputs) if (branch.has(output)) own.add(output);
    }
  }
  return view
    .makers(own)
    .some(
      ({ op, inputs }) =>
        op === 'Add' &&
        inputs.some((input) => branch.has(input) && !own.has(input)) &&
        inputs.some((input) => own.has(input)),
    );
}
