import { StrataError } from '../core/errors';
import { parseHook, type HookName } from '../core/hooks';
import type { Anatomy } from './anatomy';
import { cachesForBatch, withoutAppending, type Caches } from './cache';
import { emitModel, makeInt, makeInt64, makeNode, type GraphParts, type Header } from './emit';
import type { GraphView } from './graph';
import { ElementType, type OnnxNode, type OnnxTensor, type ValueInfo } from './onnx-model';
import { prune } from './prune';
import { tokenTable, type TokenTable } from './token-table';

/**
 * A place where a run may change the stream, fed by inputs that are always required:
 * `affine` computes `x · scale + shift` at a hook; `mask` adds to attention scores before the softmax;
 * `edit` adds `(x · key) · value` to the product of an MLP's output projection, x being `mlp.hook_post`: before the
 * bias, a post-norm or a factor, so that it is an edit of the weights, `W_out + key · valueᵀ`.
 *
 * Scale, shift and mask are lists with a number for each of the tensor's, row after row of the batch, or with one
 * number for all of them; keys are `[batch, d_mlp, edits]`, values `[batch, edits, d_model]`.
 */
export type Point =
  | { readonly kind: 'affine'; readonly hook: HookName }
  | { readonly kind: 'mask'; readonly layer: number }
  | { readonly kind: 'edit'; readonly layer: number };

/** Names of a point's inputs, in the order scale/shift, mask, key/value. */
export function pointInputs(point: Point): readonly string[] {
  if (point.kind === 'affine') return [`strata.scale.${point.hook}`, `strata.shift.${point.hook}`];
  if (point.kind === 'mask') return [`strata.mask.${point.layer}`];
  return [`strata.key.${point.layer}`, `strata.value.${point.layer}`];
}

export function pointKey(point: Point): string {
  return pointInputs(point)[0]!;
}

/** `[B, T, d_model]` vectors of the tokens, as the file stores them. */
export const TOKEN_VECTORS = 'strata.token_vectors';

export interface Trunk {
  readonly header: Header;
  /** The model's own inputs that are still read. */
  readonly inputs: readonly ValueInfo[];
  /** Where it is given, its rows have to be fed as {@link TOKEN_VECTORS}. */
  readonly table: TokenTable | undefined;
  /** Output name by hook. */
  readonly taps: ReadonlyMap<HookName, string>;
}

/**
 * Everything below the final norm, with the given hooks as outputs and the given points in place. Caches are bound as
 * given and `present.*` is dropped.
 */
export function buildTrunk(
  view: GraphView,
  anatomy: Anatomy,
  caches: Caches,
  hooks: readonly HookName[],
  points: readonly Point[],
): Trunk {
  const table = tokenTable(view, anatomy.embedding);
  const nodes = withoutAppending(view, caches);
  const editor = new GraphEditor(view, table ? withoutLookup(view, nodes, table) : nodes);
  const vectors: ValueInfo = {
    name: TOKEN_VECTORS,
    elementType: ElementType.FLOAT,
    dims: ['strata.B', 'strata.T', anatomy.embedding.d_table],
  };
  const ordered = [...anatomy.sites.keys()];
  for (const hook of ordered) {
    const parsed = parseHook(hook);
    if (parsed?.kind === 'block' && parsed.hook === 'hook_mlp_out') {
      const edit = points.find((point) => point.kind === 'edit' && point.layer === parsed.layer);
      if (edit) editor.edit(editPlace(anatomy, parsed.layer), anatomy.dims.d_mlp, edit);
    }
    if (parsed?.kind === 'block' && parsed.hook === 'attn.hook_attn_scores') {
      const mask = points.find((point) => point.kind === 'mask' && point.layer === parsed.layer);
      if (mask) editor.mask(tensorOf(anatomy, hook), mask);
    }
    const affine = points.find((point) => point.kind === 'affine' && point.hook === hook);
    if (affine) editor.affine(tensorOf(anatomy, hook), affine);
    editor.close(hook, tensorOf(anatomy, hook));
  }
  const taps = new Map<HookName, string>();
  for (const hook of hooks) taps.set(hook, editor.tap(hook, tensorOf(anatomy, hook)));
  const bound = cachesForBatch(caches, table ? TOKEN_VECTORS : anatomy.tokens);
  const parts = prune({
    nodes: [...bound.nodes, ...editor.finish()],
    initializers: [...view.model.graph.initializers, ...bound.initializers, ...editor.initializers],
    inputs: [...view.model.graph.inputs.filter((input) => !caches.names.has(input.name)), ...editor.inputs, vectors],
    outputs: [...new Set(taps.values())],
  });
  return {
    header: emitModel(view.model, parts),
    inputs: parts.inputs.filter((input) => input !== vectors && !editor.inputs.includes(input)),
    table,
    taps,
  };
}

/** The tokens' vectors come from outside, in the type the Gather would have given. */
function withoutLookup(view: GraphView, nodes: readonly OnnxNode[], { tensor }: TokenTable): OnnxNode[] {
  const type = view.elementType(tensor) || ElementType.FLOAT;
  const given = makeNode('Cast', [TOKEN_VECTORS], [tensor], [makeInt('to', type)]);
  return nodes.map((node) => (node.outputs[0] === tensor ? given : node));
}

/** The untouched computation before the first token: for models whose anatomy is unknown. */
export function buildPlain(
  view: GraphView,
  logits: string,
  caches: Caches,
): { header: Header; inputs: readonly ValueInfo[] } {
  const whole: GraphParts = {
    nodes: withoutAppending(view, caches),
    initializers: [...view.model.graph.initializers, ...caches.tensors],
    inputs: view.model.graph.inputs.filter((input) => !caches.names.has(input.name)),
    outputs: [logits],
  };
  // Subgraphs read tensors around them by name, which pruning does not see.
  const nested = view.nodes.some((node) => node.attributes.some((attribute) => attribute.graph));
  const parts = nested ? whole : prune(whole);
  return { header: emitModel(view.model, parts), inputs: parts.inputs };
}

function tensorOf(anatomy: Anatomy, hook: HookName): string {
  const site = anatomy.sites.get(hook);
  if (!site) throw new StrataError('unknown-hook', `This model has no ${hook}.`, { hook });
  return site.tensor;
}

/** @throws StrataError `unknown-hook` naming the weight, where the layer has no output projection to be changed. */
function editPlace(anatomy: Anatomy, layer: number): { readonly product: string; readonly post: string } {
  const mlp = anatomy.layers[layer]?.mlp;
  if (mlp?.product !== undefined) return { product: mlp.product, post: mlp.post.tensor };
  const hook = `blocks.${layer}.mlp.W_out`;
  throw new StrataError('unknown-hook', `This model has no ${hook} that could be edited.`, { hook });
}

/** Inserts operators behind tensors: the producer's output is renamed and the last insertion takes the old name. */
class GraphEditor {
  readonly inputs: ValueInfo[] = [];
  readonly initializers: OnnxTensor[] = [];
  private readonly added: OnnxNode[] = [];
  /** Newest name of each tensor that has insertions. */
  private readonly current = new Map<string, string>();
  private readonly atHook = new Map<HookName, string>();
  private serial = 0;

  constructor(
    private readonly view: GraphView,
    private readonly nodes: readonly OnnxNode[],
  ) {}

  private fresh(): string {
    return `strata.t${this.serial++}`;
  }

  private input(name: string, tensor: string): string {
    this.inputs.push({ name, elementType: ElementType.FLOAT });
    const type = this.view.elementType(tensor);
    if (type === ElementType.FLOAT || type === 0) return name;
    const cast = this.fresh();
    this.added.push(makeNode('Cast', [name], [cast], [makeInt('to', type)]));
    return cast;
  }

  private now(tensor: string): string {
    const known = this.current.get(tensor);
    if (known !== undefined) return known;
    const renamed = this.fresh();
    this.current.set(tensor, renamed);
    return renamed;
  }

  private int64(values: readonly number[]): string {
    const tensor = makeInt64(`strata.c${this.serial++}`, values);
    this.initializers.push(tensor);
    return tensor.name;
  }

  private push(op: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = []): string {
    const output = this.fresh();
    this.added.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  /** Flat, so that the feeds need not know the tensor's rank, and one number may stand for all. */
  affine(tensor: string, point: Point): void {
    const [scale, shift] = pointInputs(point).map((name) => this.input(name, tensor)) as [string, string];
    this.flat(tensor, (values) => this.push('Add', [this.push('Mul', [values, scale]), shift]));
  }

  mask(tensor: string, point: Point): void {
    const mask = this.input(pointInputs(point)[0]!, tensor);
    this.flat(tensor, (values) => this.push('Add', [values, mask]));
  }

  private flat(tensor: string, change: (values: string) => string): void {
    const before = this.now(tensor);
    const changed = change(this.push('Reshape', [before, this.int64([-1])]));
    this.current.set(tensor, this.push('Reshape', [changed, this.push('Shape', [before])]));
  }

  /**
   * Each row of the batch has keys and values of its own, whether or not the file keeps rows apart here; the product may
   * be of another floating-point type than the neurons.
   */
  edit({ product, post }: { readonly product: string; readonly post: string }, d_mlp: number, point: Point): void {
    const [keyName, valueName] = pointInputs(point) as [string, string];
    const key = this.input(keyName, post);
    const rows = this.push('Slice', [this.push('Shape', [key]), this.int64([0]), this.int64([1])]);
    const shape = this.push('Concat', [rows, this.int64([-1, d_mlp])], [makeInt('axis', 0)]);
    const strength = this.push('MatMul', [this.push('Reshape', [post, shape]), key]);
    const type = this.view.elementType(product) || ElementType.FLOAT;
    const same = this.view.elementType(post) === this.view.elementType(product);
    const fitting = same ? strength : this.push('Cast', [strength], [makeInt('to', type)]);
    const before = this.now(product);
    const change = this.push('MatMul', [fitting, this.input(valueName, product)]);
    const added = this.push('Reshape', [change, this.push('Shape', [before])]);
    this.current.set(product, this.push('Add', [before, added]));
  }

  /** Remembers the tensor as it is after this hook's own points: later hooks may share it. */
  close(hook: HookName, tensor: string): void {
    const known = this.current.get(tensor);
    if (known !== undefined) this.atHook.set(hook, known);
  }

  /** Output name for a hook, always float32. */
  tap(hook: HookName, tensor: string): string {
    const name = this.atHook.get(hook) ?? tensor;
    const final = this.current.get(tensor) === name ? tensor : name;
    if (this.view.elementType(tensor) === ElementType.FLOAT) return final;
    const output = `strata.tap.${hook}`;
    this.added.push(makeNode('Cast', [final], [output], [makeInt('to', ElementType.FLOAT)]));
    return output;
  }

  finish(): OnnxNode[] {
    const firstName = new Map<string, string>();
    const lastName = new Map<string, string>();
    const made = new Set(this.added.flatMap((node) => node.outputs));
    for (const [tensor, last] of this.current) {
      lastName.set(last, tensor);
      firstName.set(tensor, this.firstOf(tensor, made));
    }
    const renameOutput = (name: string): string => firstName.get(name) ?? name;
    const renameAdded = (name: string): string => lastName.get(name) ?? name;
    return [
      ...this.nodes.map((node) =>
        node.outputs.some((output) => firstName.has(output))
          ? { ...node, outputs: node.outputs.map(renameOutput) }
          : node,
      ),
      ...this.added.map((node) => ({
        ...node,
        inputs: node.inputs.map(renameAdded),
        outputs: node.outputs.map(renameAdded),
      })),
    ];
  }

  /** The name the producer writes: the first link of the chain of insertions that ends at the tensor. */
  private firstOf(tensor: string, made: ReadonlySet<string>): string {
    let at = this.current.get(tensor)!;
    while (made.has(at)) at = this.added.find((node) => node.outputs[0] === at)!.inputs[0]!;
    return at;
  }
}
