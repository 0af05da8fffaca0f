import { emitModel, makeFloat, makeFloat32, makeInt, makeInt64, makeInts, makeNode } from '../../src/onnx/emit';
import { ElementType, type OnnxNode, type OnnxTensor } from '../../src/onnx/onnx-model';
import type { ModelFiles } from '../../src/core/model';
import { inlined, randomWeights, WEIGHTS, type FileLayout } from './random-weights';

export interface Gpt2Shape {
  readonly name: string;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_embd: number;
  readonly n_inner: number;
  readonly n_positions: number;
  readonly vocab_size: number;
}

export const ATLAS_SHAPE: Gpt2Shape = {
  name: 'Atlas-shaped',
  n_layer: 8,
  n_head: 6,
  n_embd: 192,
  n_inner: 384,
  n_positions: 128,
  vocab_size: 5120,
};
export const GPT2_SMALL_SHAPE: Gpt2Shape = {
  name: 'GPT-2-small-shaped',
  n_layer: 12,
  n_head: 12,
  n_embd: 768,
  n_inner: 3072,
  n_positions: 1024,
  vocab_size: 50257,
};

/** A GPT-2 of plain operators with seeded random weights, in memory, its weights laid out as asked. */
export function randomGpt2(shape: Gpt2Shape, layout: FileLayout = 'external'): ModelFiles {
  const builder = new Builder(shape);
  builder.build();
  const source = {
    irVersion: 8,
    opsets: [{ domain: '', version: 17 }],
    functions: [],
    bytes: new Uint8Array(),
    graph: { nodes: [], initializers: [], inputs: [], outputs: [], values: [] },
  };
  const weights = new Uint8Array(randomWeights(builder.weightBytes).buffer);
  const file = emitModel(source, {
    nodes: builder.nodes,
    initializers: layout === 'single' ? builder.tensors.map((tensor) => inlined(tensor, weights)) : builder.tensors,
    inputs: [{ name: 'input_ids', elementType: ElementType.INT64, dims: ['batch', 'sequence'] }],
    outputs: ['logits'],
  });
  const external = new Map(layout === 'single' ? [] : [[WEIGHTS, weights]]);
  const bytes = [file.bytes, ...external.values()].reduce((sum, part) => sum + part.length, 0);
  return {
    name: shape.name,
    dtype: 'fp32',
    config: { model_type: 'gpt2', ...shape },
    graph: { path: 'onnx/model.onnx', bytes: file.bytes },
    external,
    provenance: { source: 'folder', id: shape.name, sha256: {}, bytes },
  };
}

class Builder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly constants = new Set<string>();
  /** Of the external file so far. */
  weightBytes = 0;

  constructor(private readonly shape: Gpt2Shape) {}

  private weight(name: string, ...dims: number[]): string {
    const length = dims.reduce((product, dim) => product * dim, 4);
    this.tensors.push({
      name,
      elementType: ElementType.FLOAT,
      dims,
      data: { kind: 'external', location: WEIGHTS, offset: this.weightBytes, length },
    });
    this.weightBytes += length;
    return name;
  }

  private op(op: string, inputs: readonly string[], output: string, ...attributes: OnnxNode['attributes']): string {
    this.nodes.push(makeNode(op, inputs, [output], attributes));
    return output;
  }

  private constant(tensor: OnnxTensor): string {
    if (!this.constants.has(tensor.name)) this.tensors.push(tensor);
    this.constants.add(tensor.name);
    return tensor.name;
  }

  private int64(...values: number[]): string {
    return this.constant(makeInt64(`i${values.join('_')}`, values));
  }

  private number(value: number): string {
    return this.constant(makeFloat32(`f${value}`, [value]));
  }

  private norm(x: string, name: string): string {
    const width = this.shape.n_embd;
    const inputs = [x, this.weight(`${name}.weight`, width), this.weight(`${name}.bias`, width)];
    return this.op('LayerNormalization', inputs, name, makeInt('axis', -1), makeFloat('epsilon', 1e-5));
  }

  private project(x: string, name: string, from: number, to: number): string {
    const product = this.op('MatMul', [x, this.weight(`${name}.weight`, from, to)], `${name}/product`);
    return this.op('Add', [product, this.weight(`${name}.bias`, to)], name);
  }

  private attention(x: string, mask: string, name: string): string {
    const { n_embd, n_head } = this.shape;
    const d_head = n_embd / n_head;
    const joint = this.project(x, `${name}.c_attn`, n_embd, 3 * n_embd);
    const parts = ['q', 'k', 'v'].map((part) => `${name}.${part}`);
    this.nodes.push(makeNode('Split', [joint, this.int64(n_embd, n_embd, n_embd)], parts, [makeInt('axis', 2)]));
    const [q, k, v] = parts.map((part, index) => {
      const split = this.op('Reshape', [part, this.int64(0, 0, n_head, d_head)], `${part}/split`);
      return this.op(
        'Transpose',
        [split],
        `${part}/heads`,
        makeInts('perm', index === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3]),
      );
    }) as [string, string, string];
    const product = this.op('MatMul', [q, k], `${name}/product`);
    const scaled = this.op('Mul', [product, this.number(d_head ** -0.5)], `${name}/scaled`);
    const pattern = this.op(
      'Softmax',
      [this.op('Add', [scaled, mask], `${name}/masked`)],
      `${name}/pattern`,
      makeInt('axis', -1),
    );
    const z = this.op(
      'Transpose',
      [this.op('MatMul', [pattern, v], `${name}/z`)],
      `${name}/merged`,
      makeInts('perm', [0, 2, 1, 3]),
    );
    return this.project(
      this.op('Reshape', [z, this.int64(0, 0, n_embd)], `${name}/flat`),
      `${name}.c_proj`,
      n_embd,
      n_embd,
    );
  }

  private geluNew(x: string, name: string): string {
    const cube = this.op('Mul', [this.op('Mul', [x, x], `${name}/square`), x], `${name}/cube`);
    const inner = this.op('Add', [x, this.op('Mul', [cube, this.number(0.044715)], `${name}/small`)], `${name}/inner`);
    const gate = this.op(
      'Tanh',
      [this.op('Mul', [inner, this.number(Math.sqrt(2 / Math.PI))], `${name}/wide`)],
      `${name}/tanh`,
    );
    const open = this.op('Add', [gate, this.number(1)], `${name}/open`);
    return this.op('Mul', [this.op('Mul', [x, this.number(0.5)], `${name}/half`), open], name);
  }

  build(): void {
    const { n_layer, n_embd, n_inner, n_positions, vocab_size } = this.shape;
    const allowed = new Float32Array(n_positions * n_positions);
    for (let row = 0; row < n_positions; row++)
      allowed.fill(-3.4e38, row * n_positions + row + 1, (row + 1) * n_positions);
    const length = this.op('Slice', [this.op('Shape', ['input_ids'], 'shape'), this.int64(1), this.int64(2)], 'length');
    const causal = this.constant(makeFloat32('causal', allowed, [n_positions, n_positions]));
    const mask = this.op(
      'Slice',
      [causal, this.int64(0, 0), this.op('Concat', [length, length], 'square', makeInt('axis', 0))],
      'mask',
    );
    const table = this.weight('wte', vocab_size, n_embd);
    const positions = this.op('Slice', [this.weight('wpe', n_positions, n_embd), this.int64(0), length], 'positions');
    let x = this.op('Add', [this.op('Gather', [table, 'input_ids'], 'embedded'), positions], 'h0');
    for (let layer = 0; layer < n_layer; layer++) {
      const name = `h.${layer}`;
      x = this.op('Add', [x, this.attention(this.norm(x, `${name}.ln_1`), mask, `${name}.attn`)], `${name}/mid`);
      const hidden = this.geluNew(
        this.project(this.norm(x, `${name}.ln_2`), `${name}.c_fc`, n_embd, n_inner),
        `${name}.act`,
      );
      x = this.op('Add', [x, this.project(hidden, `${name}.c_proj`, n_inner, n_embd)], `${name}/post`);
    }
    const unembedding = this.op('Transpose', [table], 'unembedding', makeInts('perm', [1, 0]));
    this.op('MatMul', [this.norm(x, 'ln_f'), unembedding], 'logits');
  }
}
