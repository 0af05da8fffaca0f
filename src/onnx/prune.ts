import type { GraphParts } from './emit';
import type { OnnxNode } from './onnx-model';

/** Keeps what the outputs need; inputs and initializers that nothing reads are dropped. */
export function prune(parts: GraphParts): GraphParts {
  const producers = new Map<string, OnnxNode>();
  for (const node of parts.nodes) for (const output of node.outputs) producers.set(output, node);
  const needed = new Set(parts.outputs);
  const kept = new Set<OnnxNode>();
  for (const name of needed) {
    const node = producers.get(name);
    if (!node || kept.has(node)) continue;
    kept.add(node);
    for (const input of node.inputs) if (input !== '') needed.add(input);
  }
  return {
    nodes: parts.nodes.filter((node) => kept.has(node)),
    initializers: parts.initializers.filter((tensor) => needed.has(tensor.name)),
    inputs: parts.inputs.filter((input) => needed.has(input.name)),
    outputs: parts.outputs,
  };
}
