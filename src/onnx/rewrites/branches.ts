import { malformed } from '../malformed';
import { tensorBytes } from '../constants';
import { makeNode } from '../emit';
import {
  attribute,
  ElementType,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../onnx-model';
import { scanGraph } from '../scan';
import { WireReader } from '../wire';

/** Deepest nesting of `If` that is looked into; exporters nest one or two deep. */
const MAX_DEPTH = 8;

interface Scope {
  readonly model: OnnxModel;
  /** Inputs that hold a cache. */
  readonly caches: ReadonlySet<string>;
  /** Inputs that choose a branch. */
  readonly switches: ReadonlySet<string>;
  /** Every name in use, so that those of a branch can be kept apart. */
  readonly taken: Set<string>;
  /** By name: how many free ones were made from it. */
  readonly copies: Map<string, number>;
  /** Constants by name, for conditions that are known beforehand. */
  readonly constants: Map<string, OnnxTensor>;
}

export const BRANCHES = ['then_branch', 'else_branch'] as const;
type Branch = (typeof BRANCHES)[number];

interface Parts {
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
  readonly values: ValueInfo[];
}

/**
 * The same model without the `If`s of older merged decoders: where an input chooses between a branch with and one
 * without a cache, the cache-free branch takes the place of the `If`; where the condition is a constant, the branch
 * it chooses does. An `If` that is decided by a computed value stays.
 * @throws StrataError `malformed-model` for branches that cannot be read.
 */
export function withoutBranches(model: OnnxModel): OnnxModel {
  const { graph } = model;
  if (!graph.nodes.some((node) => node.op === 'If')) return model;
  const scope: Scope = {
    model,
    caches: new Set(graph.inputs.filter((input) => isFloat(input) && (input.dims?.length ?? 0) >= 3).map(nameOf)),
    switches: new Set(graph.inputs.filter((input) => input.elementType === ElementType.BOOL).map(nameOf)),
    taken: new Set([...graph.inputs.map(nameOf), ...namesMade(graph)]),
    copies: new Map(),
    constants: new Map(graph.initializers.map((tensor) => [tensor.name, tensor])),
  };
  const spliced = splice(scope, graph, 0);
  const initializers = [...graph.initializers, ...spliced.initializers];
  return {
    ...model,
    graph: { ...graph, nodes: spliced.nodes, initializers, values: [...graph.values, ...spliced.values] },
  };
}

function nameOf(item: { readonly name: string }): string {
  return item.name;
}

function isFloat({ elementType }: ValueInfo): boolean {
  return elementType === ElementType.FLOAT || elementType === ElementType.FLOAT16;
}

function namesMade(graph: OnnxGraph): string[] {
  return [...graph.initializers.map(nameOf), ...graph.nodes.flatMap((node) => node.outputs)].filter(
    (name) => name !== '',
  );
}

/** Nodes of a graph with the decided `If`s replaced; initializers and types are those that came in with branches. */
function splice(scope: Scope, graph: OnnxGraph, depth: number): Parts {
  const parts: Parts = { nodes: [], initializers: [], values: [] };
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? attribute(node, 'value')?.t : undefined;
    if (value && node.outputs[0] !== undefined) scope.constants.set(node.outputs[0], value);
    const branch = node.op === 'If' && depth < MAX_DEPTH ? chosenBranch(scope, node) : undefined;
    if (!branch) {
      parts.nodes.push(node);
      continue;
    }
    const adopted = adopt(scope, node, branch);
    for (const tensor of adopted.initializers) scope.constants.set(tensor.name, tensor);
    const inner = splice(scope, adopted, depth + 1);
    append(parts.nodes, inner.nodes);
    append(parts.initializers, adopted.initializers, inner.initializers);
    append(parts.values, adopted.values, inner.values);
  }
  return parts;
}

/** Without a spread: a branch may have more parts than a call can have arguments. */
function append<Item>(list: Item[], ...more: readonly (readonly Item[])[]): void {
  for (const items of more) for (const item of items) list.push(item);
}

function chosenBranch(scope: Scope, node: OnnxNode): OnnxGraph | undefined {
  const condition = node.inputs[0] ?? '';
  const constant = scope.constants.get(condition);
  const bytes =
    constant?.elementType === ElementType.BOOL ? tensorBytes(constant, scope.model.bytes, new Map()) : undefined;
  if (bytes) return readBranch(scope, node, bytes[0] ? 'then_branch' : 'else_branch');
  if (!scope.switches.has(condition)) return undefined;
  const [cached, plain] = [readBranch(scope, node, 'then_branch'), readBranch(scope, node, 'else_branch')];
  // By convention the condition says whether to use the cache; what counts is which branch does.
  return cacheReads(scope, cached) < cacheReads(scope, plain) ? cached : plain;
}

/** One of the graphs an `If` chooses between. */
export function branchOf(model: OnnxModel, node: OnnxNode, branch: Branch): OnnxGraph | undefined {
  const range = attribute(node, branch)?.graph;
  return range && scanGraph(new WireReader(model.bytes), range[0], range[1]);
}

function readBranch(scope: Scope, node: OnnxNode, name: Branch): OnnxGraph {
  const branch = branchOf(scope.model, node, name);
  if (!branch) throw malformed('no-branches');
  return branch;
}

function cacheReads(scope: Scope, branch: OnnxGraph): number {
  const read = new Set(branch.nodes.flatMap((node) => node.inputs));
  return [...scope.caches].filter((name) => read.has(name)).length;
}

/** A branch's contents under names that are free outside, its outputs under the names of the `If`'s outputs. */
function adopt(scope: Scope, node: OnnxNode, branch: OnnxGraph): OnnxGraph {
  const made = new Set(namesMade(branch));
  const names = new Map<string, string>();
  const passed = new Set<OnnxNode>();
  const constants = new Set(branch.initializers.map(nameOf));
  branch.outputs.forEach(({ name }, index) => {
    const outer = node.outputs[index];
    if (outer === undefined || outer === '') return;
    const own = made.has(name) && !names.has(name) && !constants.has(name);
    if (own) names.set(name, outer);
    else passed.add(makeNode('Identity', [name], [outer]));
  });
  for (const name of made) {
    if (names.has(name)) continue;
    const free = scope.taken.has(name) ? freeName(scope, name) : name;
    names.set(name, free);
    scope.taken.add(free);
  }
  const renamed = (name: string): string => names.get(name) ?? name;
  const rename = <Item extends { readonly name: string }>(item: Item): Item => ({ ...item, name: renamed(item.name) });
  return {
    nodes: [...branch.nodes, ...passed].map((inner) => ({
      ...inner,
      inputs: inner.inputs.map(renamed),
      outputs: inner.outputs.map((name) => (passed.has(inner) ? name : renamed(name))),
    })),
    initializers: branch.initializers.map(rename),
    inputs: [],
    outputs: [],
    values: [...branch.values, ...branch.outputs].map(rename),
  };
}

function freeName({ taken, copies }: Scope, name: string): string {
  for (let serial = (copies.get(name) ?? 0) + 1; ; serial++) {
    const candidate = `${name}.branch${serial}`;
    copies.set(name, serial);
    if (!taken.has(candidate)) return candidate;
  }
}
