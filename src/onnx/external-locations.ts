import { scanGraph, scanModel } from './scan';
import type { OnnxGraph, OnnxTensor } from './onnx-model';
import { WireReader } from './wire';

/** Graphs inside graphs deeper than this are refused before anything is run. */
const MAX_DEPTH = 8;

/**
 * Where a graph's weights outside of its file lie: every `location` once, as {@link scanModel} gives it, relative to the
 * graph's folder; those of graphs inside the graph and of constants too.
 * @throws StrataError `malformed-model`.
 */
export function externalLocations(bytes: Uint8Array): string[] {
  const found = new Set<string>();
  const reader = new WireReader(bytes);
  const take = ({ data }: OnnxTensor): void => {
    if (data.kind === 'external') found.add(data.location);
  };
  const visit = ({ nodes, initializers }: OnnxGraph, depth: number): void => {
    initializers.forEach(take);
    for (const { t, graph } of nodes.flatMap(({ attributes }) => attributes)) {
      if (t) take(t);
      if (graph && depth < MAX_DEPTH) visit(scanGraph(reader, graph[0], graph[1]), depth + 1);
    }
  };
  visit(scanModel(bytes).graph, 0);
  return [...found];
}
