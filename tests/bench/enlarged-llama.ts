import { fileURLToPath } from 'node:url';
import { openFolder } from '../../src/cli/open-folder';
import type { ModelFiles } from '../../src/core/model';
import { tensorValues } from '../../src/onnx/constants';
import { emitModel, makeFloat, makeFloat32, makeInt, makeInt64 } from '../../src/onnx/emit';
import {
  attribute,
  ElementType,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../../src/onnx/onnx-model';
import { scanModel } from '../../src/onnx/scan';
import { randomWeights, WEIGHTS } from './random-weights';

export interface LlamaShape {
  readonly name: string;
  readonly n_layers: number;
  /** `n_heads` × `d_head`. */
  readonly d_model: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly d_vocab: number;
  readonly n_ctx: number;
}

export const SMOLLM2_135M_SHAPE: LlamaShape = {
  name: 'SmolLM2-135M-shaped',
  n_layers: 30,
  d_model: 576,
  n_heads: 9,
  n_kv_heads: 3,
  d_head: 64,
  d_mlp: 1536,
  d_vocab: 49152,
  n_ctx: 8192,
};

/** The zoo's llamas, which the exporters made: small, but with every node of the layout. */
const SMALL: LlamaShape = {
  name: 'zoo',
  n_layers: 4,
  d_model: 64,
  n_heads: 4,
  n_kv_heads: 2,
  d_head: 16,
  d_mlp: 128,
  d_vocab: 512,
  n_ctx: 128,
};
const SMALL_LAST = SMALL.n_layers - 1;
/** This layer reads the first one and the one before it: all but the first are made after it. */
const TEMPLATE = 2;

export type LlamaLayout = 'optimum-llama' | 'genai-llama';

/**
 * A llama as an exporter lays it out, with the shape given and seeded random weights, in memory: a zoo model's graph
 * with more layers and other sizes.
 */
export async function enlargedLlama(layout: LlamaLayout, shape: LlamaShape): Promise<ModelFiles> {
  const folder = fileURLToPath(new URL(`../fixtures/zoo/${layout}`, import.meta.url));
  const small = await openFolder(folder, 'fp32', { tokenizer: false });
  const enlargement = new Enlargement(scanModel(small.graph.bytes), shape);
  const { header, weights } = enlargement.write();
  const name = `${layout}, ${shape.name}`;
  return {
    name,
    dtype: 'fp32',
    config: {
      ...small.config,
      hidden_size: shape.d_model,
      head_dim: shape.d_head,
      intermediate_size: shape.d_mlp,
      num_attention_heads: shape.n_heads,
      num_hidden_layers: shape.n_layers,
      num_key_value_heads: shape.n_kv_heads,
      max_position_embeddings: shape.n_ctx,
      vocab_size: shape.d_vocab,
    },
    graph: { path: 'onnx/model.onnx', bytes: header },
    external: new Map([[WEIGHTS, weights]]),
    provenance: { source: 'folder', id: name, sha256: {}, bytes: header.length + weights.length },
  };
}

class Enlargement {
  readonly #model: OnnxModel;
  readonly #shape: LlamaShape;
  readonly #readers = new Map<string, OnnxNode[]>();
  /** Constants that depend on the shape; they stand among the initializers then. */
  readonly #constants: OnnxTensor[] = [];

  constructor(model: OnnxModel, shape: LlamaShape) {
    this.#model = model;
    this.#shape = shape;
    for (const node of model.graph.nodes) {
      for (const input of node.inputs) this.#readers.set(input, [...(this.#readers.get(input) ?? []), node]);
    }
  }

  write(): { header: Uint8Array; weights: Uint8Array } {
    const { graph } = this.#model;
    const nodes = this.#nodes(graph.nodes.flatMap((node) => this.#resizedNode(node) ?? []));
    let size = 0;
    const weights = this.#copies(graph.initializers, (tensor) => tensor.name, renamed).map((tensor): OnnxTensor => {
      const dims = this.#resizedDims(tensor);
      const length = dims.reduce((product, dim) => product * dim, 4);
      size += length;
      return { ...tensor, dims, data: { kind: 'external', location: WEIGHTS, offset: size - length, length } };
    });
    const { bytes } = emitModel(this.#model, {
      nodes,
      initializers: [...weights, ...this.#copies(this.#constants, (tensor) => tensor.name, renamed)],
      inputs: this.#copies(graph.inputs, (input) => input.name, renamed).map((input) => this.#resizedInput(input)),
      outputs: this.#copies(graph.outputs, (output) => output.name, renamed).map((output) => output.name),
    });
    return { header: bytes, weights: this.#values(size, weights) };
  }

  #values(size: number, tensors: readonly OnnxTensor[]): Uint8Array {
    const values = randomWeights(size);
    for (const { name, data } of tensors) {
      // The gain of a norm, which would otherwise make everything vanish.
      if (data.kind !== 'external' || !/norm/.test(name)) continue;
      values.fill(1, data.offset / 4, (data.offset + data.length) / 4);
    }
    return new Uint8Array(values.buffer);
  }

  /** Layer of a tensor; undefined for what stands before the first layer or after the last. */
  #layer(name: string): number | undefined {
    const [, number] = /(?:^|[./])(?:layers|present|past_key_values)\.(\d+)[./]/.exec(name) ?? [];
    if (number !== undefined) return Number(number) > SMALL_LAST ? undefined : Number(number);
    if (!name.startsWith('onnx::')) return undefined;
    const output = this.#readers.get(name)?.[0]?.outputs[0];
    return output === undefined ? undefined : this.#layer(output);
  }

  /** The name a tensor has in a layer made after the template; what follows the last layer reads the new last one. */
  #nameIn(layer: number, name: string): string {
    const own = this.#layer(name);
    // The first layer's own tensors, too: all layers share its rotary angles.
    if (own === undefined || own === 0) return name;
    const shifted = own + layer - TEMPLATE;
    if (name.startsWith('onnx::')) return `${name}/${shifted}`;
    return name.replace(/(layers|present|past_key_values)\.\d+(?=[./])/, `$1.${shifted}`);
  }

  /** Things of the template's layer once for every layer but the first; things of the layers it replaces go. */
  #copies<T>(
    things: readonly T[],
    nameOf: (thing: T) => string,
    copy: (thing: T, name: (old: string) => string) => T,
  ): T[] {
    const layers = Array.from({ length: this.#shape.n_layers - 1 }, (_, index) => index + 1);
    const behindLast = this.#shape.n_layers - 1 - SMALL_LAST + TEMPLATE;
    return things.flatMap((thing) => {
      const own = this.#layer(nameOf(thing));
      if (own === 0) return thing;
      if (own === undefined)
        return copy(thing, (name) => (this.#layer(name) === SMALL_LAST ? this.#nameIn(behindLast, name) : name));
      return own === TEMPLATE ? layers.map((layer) => copy(thing, (name) => this.#nameIn(layer, name))) : [];
    });
  }

  #nodes(nodes: readonly OnnxNode[]): OnnxNode[] {
    return this.#copies(
      nodes,
      (node) => node.outputs[0]!,
      (node, name) => ({ ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) }),
    );
  }

  /** The node for the new shape; undefined for a constant that became an initializer. */
  #resizedNode(node: OnnxNode): OnnxNode | undefined {
    const { n_heads, n_kv_heads, d_head } = this.#shape;
    if (node.op === 'GroupQueryAttention') {
      const own = [
        makeInt('num_heads', n_heads),
        makeInt('kv_num_heads', n_kv_heads),
        makeFloat('scale', d_head ** -0.5),
      ];
      const rest = node.attributes.filter(({ name }) => !own.some((attribute) => attribute.name === name));
      return { ...node, attributes: [...own, ...rest] };
    }
    const value = node.op === 'Constant' ? attribute(node, 'value')?.t : undefined;
    const resized = value && this.#resizedConstant(node.outputs[0]!, value);
    if (resized) this.#constants.push(resized);
    return resized ? undefined : node;
  }

  #resizedConstant(name: string, tensor: OnnxTensor): OnnxTensor | undefined {
    const { n_heads, n_kv_heads, d_head } = this.#shape;
    const [first] = tensorValues(tensor, this.#model.bytes, new Map()) ?? [];
    const reader = this.#readers.get(name)?.[0]?.op;
    const { elementType, dims } = tensor;
    if (elementType === ElementType.INT64) {
      if (first === SMALL.d_head) return makeInt64(name, [d_head], dims);
      const repeats =
        first === SMALL.n_heads / SMALL.n_kv_heads && (reader === 'Mul' || (reader === 'Concat' && dims.length === 1));
      return repeats ? makeInt64(name, [n_heads / n_kv_heads], dims) : undefined;
    }
    if (elementType !== ElementType.FLOAT) return undefined;
    if (dims.length === 3) {
      const half = d_head / 2;
      return makeFloat32(
        name,
        Array.from({ length: half }, (_, index) => 10_000 ** (-index / half)),
        [1, half, 1],
      );
    }
    // Half of the scale goes to the queries, half to the keys.
    return first === SMALL.d_head ** -0.25 && reader === 'Mul' ? makeFloat32(name, [d_head ** -0.25], dims) : undefined;
  }

  #resizedDims({ name, dims }: OnnxTensor): number[] {
    const { d_model, n_heads, n_kv_heads, d_head, d_mlp, d_vocab, n_ctx } = this.#shape;
    if (/(cos|sin)_cache/.test(name)) return [n_ctx, d_head / 2];
    if (/qkv_proj/.test(name)) return [d_model, (n_heads + 2 * n_kv_heads) * d_head];
    const sizes = new Map([
      [SMALL.d_model, d_model],
      [SMALL.n_kv_heads * SMALL.d_head, n_kv_heads * d_head],
      [SMALL.d_mlp, d_mlp],
      [SMALL.d_vocab, d_vocab],
    ]);
    return dims.map((dim) => {
      const size = sizes.get(dim);
      if (size === undefined) throw new Error(`${name} has a dimension of ${dim}, which the shape does not explain.`);
      return size;
    });
  }

  #resizedInput(input: ValueInfo): ValueInfo {
    const sizes = new Map([
      [SMALL.n_kv_heads, this.#shape.n_kv_heads],
      [SMALL.d_head, this.#shape.d_head],
    ]);
    const dims = (input.dims ?? []).map((dim) => (typeof dim === 'number' ? (sizes.get(dim) ?? dim) : dim));
    return { ...input, dims };
  }
}

function renamed<T extends { readonly name: string }>(thing: T, name: (old: string) => string): T {
  return { ...thing, name: name(thing.name) };
}
