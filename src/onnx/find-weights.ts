import { blockHook, type BlockHook } from '../core/hooks';
import { sizeOf } from '../core/tensor';
import type { LayerWeight, MissingWeightReason, ModelWeight } from '../core/weights';
import type { Anatomy } from './anatomy';
import type { LayerAnatomy } from './layer-anatomy';
import { blockwiseTable } from './blockwise';
import { columnsOf } from './column-trace';
import type { GraphView } from './graph';
import { intAttribute, type OnnxNode } from './onnx-model';
import { normWeights } from './norm-weights';
import { isProjection, projectionBehind, projectionDims, projectionEnd, projectionInput } from './projection';
import { projectionBias, projectionWeight } from './projection-weight';
import { storedValues, type StoredValues } from './stored-values';

/** A weight's numbers in the shape that `core/weights.ts` promises, or why there are none. */
export type FoundWeight = StoredValues | MissingWeightReason;

/** Finds weights of a decoder; nothing is decoded before a number is asked for. */
export class WeightFinder {
  constructor(
    private readonly view: GraphView,
    private readonly anatomy: Anatomy,
  ) {}

  ofModel(name: ModelWeight): FoundWeight {
    const { view, anatomy } = this;
    const { input, normalized, unembedding } = anatomy.tail;
    switch (name) {
      case 'W_E':
        return anatomy.embedding.width === anatomy.embedding.d_table ? (this.embedding() ?? 'format') : 'factored';
      case 'W_pos':
        return this.positions();
      case 'ln_final.w':
      case 'ln_final.b':
        return this.norm(normalized, input, name);
      case 'W_U':
        return anatomy.tail.transformed
          ? 'factored'
          : this.inVocabulary(projectionWeight(view, unembedding) ?? 'format');
      case 'b_U':
        return this.inVocabulary(ofBias(projectionBias(view, unembedding)));
    }
  }

  /** A weight `[…, column]` of the unembedding with a column for every token id. */
  private inVocabulary(found: FoundWeight): FoundWeight {
    const { columns } = this.anatomy.tail.vocabulary;
    if (typeof found === 'string' || !columns) return found;
    const width = found.dims.at(-1)!;
    const { length } = columns;
    return {
      dims: [...found.dims.slice(0, -1), length],
      at: (index) => found.at(Math.floor(index / length) * width + columns[index % length]!),
    };
  }

  ofLayer(index: number, name: LayerWeight): FoundWeight {
    const layer = this.anatomy.layers[index];
    if (!layer) return 'no-layer';
    switch (name) {
      case 'W_Q':
      case 'W_K':
      case 'W_V':
        return this.heads(layer, name);
      case 'b_Q':
      case 'b_K':
      case 'b_V':
        return this.headBiases(layer, name);
      case 'W_O':
      case 'b_O':
        return this.attentionOutput(layer, name);
      case 'W_in':
      case 'W_gate':
      case 'b_in':
      case 'b_gate':
        return this.intoNeurons(layer, name);
      case 'W_out':
        return layer.mlp ? (projectionWeight(this.view, layer.mlp.output) ?? 'format') : 'no-part';
      case 'b_out':
        return layer.mlp ? ofBias(projectionBias(this.view, layer.mlp.output)) : 'no-part';
      default:
        return this.layerNorm(index, layer, name);
    }
  }

  private layerNorm(index: number, layer: LayerAnatomy, name: LayerWeight): FoundWeight {
    const { attention, mlp } = layer;
    const at = (hook: BlockHook): string => this.anatomy.sites.get(blockHook(index, hook))?.tensor ?? '';
    const before = at('hook_resid_pre');
    const middle = at('hook_resid_mid') || before;
    const queries = attention?.q && this.joint(attention.q.tensor);
    const first = mlp && this.joint((mlp.pre ?? mlp.post).tensor);
    const end = (node: OnnxNode): string => projectionEnd(this.view, node).product ?? '';
    switch (name) {
      case 'ln1.w':
      case 'ln1.b':
        return queries ? this.norm(projectionInput(this.view, queries), before, name) : 'no-part';
      case 'ln1_post.w':
      case 'ln1_post.b':
        return attention?.output ? this.norm(at('hook_attn_out'), end(attention.output), name) : 'no-part';
      case 'ln2.w':
      case 'ln2.b':
        return first ? this.norm(projectionInput(this.view, first), middle, name) : 'no-part';
      default:
        return mlp ? this.norm(at('hook_mlp_out'), end(mlp.output), name) : 'no-part';
    }
  }

  private norm(from: string, stop: string, name: ModelWeight | LayerWeight): FoundWeight {
    const found = normWeights(this.view, from, stop);
    if (found === undefined) return 'no-part';
    if (found === 'none') return 'not-in-model';
    const values = name.endsWith('.w') ? found.gain : found.bias;
    return (values && vector(values, this.anatomy.dims.d_model)) ?? 'not-in-model';
  }

  /** The product a tensor is a part of: the tensor is its result, or cut out of it. */
  private joint(tensor: string): OnnxNode | undefined {
    return projectionBehind(this.view, tensor);
  }

  /** A joint projection's columns that end up in a tensor, in its order. */
  private columns(tensor: string): { node: OnnxNode; columns: Int32Array } | undefined {
    const node = this.joint(tensor);
    const width = node && projectionDims(this.view, node)?.[1];
    if (!node || !isProjection(this.view, node) || width === undefined) return undefined;
    const columns = columnsOf(this.view, projectionEnd(this.view, node).result, width, tensor);
    return columns && { node, columns };
  }

  /** `[head, d_model, d_head]` */
  private heads(layer: LayerAnatomy, name: 'W_Q' | 'W_K' | 'W_V'): FoundWeight {
    const { d_head, d_model } = this.anatomy.dims;
    const site = layer.attention?.[({ W_Q: 'q', W_K: 'k', W_V: 'v' } as const)[name]];
    if (!site) return 'no-part';
    const found = this.columns(site.tensor);
    const weight = found && projectionWeight(this.view, found.node);
    if (!found) return 'joint';
    if (!weight) return 'format';
    const [rows, width] = weight.dims as [number, number];
    const { columns } = found;
    if (rows !== d_model || columns.length % d_head !== 0) return 'joint';
    return {
      dims: [columns.length / d_head, d_model, d_head],
      at: (index) => {
        const head = Math.floor(index / (d_model * d_head));
        const row = Math.floor(index / d_head) % d_model;
        return weight.at(row * width + columns[head * d_head + (index % d_head)]!);
      },
    };
  }

  /** `[head, d_head]` */
  private headBiases(layer: LayerAnatomy, name: 'b_Q' | 'b_K' | 'b_V'): FoundWeight {
    const { d_head } = this.anatomy.dims;
    const site = layer.attention?.[({ b_Q: 'q', b_K: 'k', b_V: 'v' } as const)[name]];
    if (!site) return 'no-part';
    const found = this.columns(site.tensor);
    if (!found) return 'joint';
    const picked = this.biasColumns(found.node, found.columns);
    if (typeof picked === 'string') return picked;
    return found.columns.length % d_head === 0
      ? { dims: [found.columns.length / d_head, d_head], at: picked.at }
      : 'joint';
  }

  private biasColumns(node: OnnxNode, columns: Int32Array): FoundWeight {
    const bias = ofBias(projectionBias(this.view, node));
    if (typeof bias === 'string') return bias;
    return { dims: [columns.length], at: (index) => bias.at(columns[index]!) };
  }

  private attentionOutput({ attention }: LayerAnatomy, name: 'W_O' | 'b_O'): FoundWeight {
    const { n_heads, d_head, d_model } = this.anatomy.dims;
    if (!attention?.output) return 'no-part';
    if (name === 'b_O') return ofBias(projectionBias(this.view, attention.output));
    const weight = projectionWeight(this.view, attention.output);
    if (!weight) return 'format';
    const dims = [n_heads, d_head, d_model];
    return sizeOf(weight.dims) === sizeOf(dims) ? { dims, at: weight.at } : 'no-part';
  }

  /** `[d_model, d_mlp]` and `[d_mlp]`; in a gated MLP the gate is what goes through the activation function. */
  private intoNeurons({ mlp }: LayerAnatomy, name: 'W_in' | 'W_gate' | 'b_in' | 'b_gate'): FoundWeight {
    if (!mlp) return 'no-part';
    const gate = name.endsWith('gate');
    const gated = mlp.linear !== undefined;
    if (gate && !gated && mlp.pre) return 'not-in-model';
    // An operator that activates its product itself leaves no tensor between the two, but it has the weight.
    const alone = !gate && !mlp.pre ? this.joint(mlp.post.tensor) : undefined;
    const tensor = alone?.op === 'FusedGemm' ? alone.outputs[0] : gate || !gated ? mlp.pre?.tensor : mlp.linear;
    const found = tensor === undefined ? undefined : this.columns(tensor);
    if (tensor === undefined) return 'no-part';
    if (!found || found.columns.length !== mlp.d_mlp) return 'joint';
    const { node, columns } = found;
    if (name.startsWith('b')) return this.biasColumns(node, columns);
    const weight = projectionWeight(this.view, node);
    if (!weight) return 'format';
    const [rows, width] = weight.dims as [number, number];
    const { length } = columns;
    return {
      dims: [rows, length],
      at: (index) => weight.at(Math.floor(index / length) * width + columns[index % length]!),
    };
  }

  /** `[d_vocab, d_model]`, as it leaves the embedding. */
  private embedding(): StoredValues | undefined {
    const { view, anatomy } = this;
    const gather = view.producer(anatomy.embedding.tensor);
    if (!gather || intAttribute(gather, 'axis', 0) !== 0) return undefined;
    let values =
      gather.op === 'GatherBlockQuantized' ? blockwiseTable(view, gather) : storedValues(view, gather.inputs[0] ?? '');
    const { d_model } = anatomy.dims;
    for (let at = anatomy.embedding.tensor; at !== anatomy.embedding.scaled;) {
      const node = view.consumers(at).find(({ op }) => op !== 'Shape');
      if (!node || !values) return undefined;
      values = node.op === 'Mul' ? scaled(values, constantOf(view, node), d_model) : restored(view, node, values);
      at = node.outputs[0]!;
    }
    return values?.dims.length === 2 && values.dims[1] === d_model ? values : undefined;
  }

  /** The table of learned positions that is added on the way from the embedding to the first layer. */
  private positions(): FoundWeight {
    const { view, anatomy } = this;
    const data = view.descendants(anatomy.embedding.tensor);
    const stream = anatomy.sites.get(blockHook(0, 'hook_resid_pre'))!.tensor;
    const between = view.makers(view.ancestors(stream, data, anatomy.embedding.scaled));
    const others = between
      .filter(({ op, outputs }) => op === 'Add' && outputs[0] !== anatomy.embedding.scaled)
      .flatMap(({ inputs }) => inputs.filter((input) => !data.has(input) && !view.isConstant(input)));
    if (others.length === 0) return 'not-in-model';
    // Segments have a table of their own, which is always the shorter one.
    const tables = others.flatMap((name) => tableBehind(view, name) ?? []);
    const [table] = tables.sort((a, b) => b.dims[0]! - a.dims[0]!);
    if (!table) return 'no-part';
    return table.dims[1] === anatomy.dims.d_model ? table : 'format';
  }
}

function ofBias(found: StoredValues | 'none' | undefined): FoundWeight {
  return found === 'none' ? 'not-in-model' : (found ?? 'format');
}

/** One number for each dimension. */
function vector(values: StoredValues, size: number): StoredValues | undefined {
  return sizeOf(values.dims) === size ? { dims: [size], at: values.at } : undefined;
}

function constantOf(view: GraphView, node: OnnxNode): StoredValues | undefined {
  const name = node.inputs.find((input) => view.isConstant(input));
  return name === undefined ? undefined : storedValues(view, name);
}

/** Rows times a number, or times a number for each dimension. */
function scaled(rows: StoredValues, by: StoredValues | undefined, d_model: number): StoredValues | undefined {
  const size = by && sizeOf(by.dims);
  if (!by || (size !== 1 && size !== d_model)) return undefined;
  return { dims: rows.dims, at: (index) => Math.fround(rows.at(index) * by.at(size === 1 ? 0 : index % d_model)) };
}

/** Rows of whole numbers that are converted back after they were looked up. */
function restored(view: GraphView, node: OnnxNode, rows: StoredValues): StoredValues | undefined {
  const scale = storedValues(view, node.inputs[1] ?? '');
  const zero = node.inputs[2] ? storedValues(view, node.inputs[2]) : undefined;
  if (node.op !== 'DequantizeLinear' || !scale || sizeOf(scale.dims) !== 1) return undefined;
  return { dims: rows.dims, at: (index) => (rows.at(index) - (zero?.at(0) ?? 0)) * scale.at(0) };
}

/** The matrix whose rows a tensor is looked up from, or whose first rows it is. */
function tableBehind(view: GraphView, name: string): StoredValues | undefined {
  const passing = ['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Expand', 'Slice', 'Dropout'];
  for (let at = name; ;) {
    const node = view.producer(at);
    const source = node?.inputs[0];
    if (!node || source === undefined) return undefined;
    if (node.op === 'Gather' || node.op === 'DequantizeLinear') {
      const lookup = node.op === 'Gather' ? node : view.producer(source);
      const table = lookup?.op === 'Gather' ? storedValues(view, lookup.inputs[0] ?? '') : undefined;
      if (table?.dims.length !== 2) return undefined;
      return node.op === 'Gather' ? table : restored(view, node, table);
    }
    const whole = node.op === 'Slice' && view.isConstant(source) ? storedValues(view, source) : undefined;
    if (whole) return whole.dims.length === 2 && view.numbers(node.inputs[1] ?? '')?.[0] === 0 ? whole : undefined;
    if (!passing.includes(node.op)) return undefined;
    at = source;
  }
}
