import { StrataError } from '../core/errors';
import { blockHook, type BlockHook, type HookName } from '../core/hooks';
import {
  missingReason,
  type MissingCode,
  type MissingPart,
  type MissingPartName,
  type MissingReason,
} from '../core/missing-reasons';
import type { ModelDims } from '../core/model';
import { plainName } from '../core/plain-text';
import { foreignAttribute } from './attributes';
import { isSummed } from './between';
import { attentionSites, attentionSoftmaxes, type AttentionSites, type Site } from './attention';
import { configNumber, statedLayers } from './config';
import { modelDims } from './dims';
import { findEmbedding, type Embedding } from './embedding';
import type { GraphView } from './graph';
import type { LayerAnatomy } from './layer-anatomy';
import type { ValueInfo } from './onnx-model';
import { mlpSites, type MlpSites } from './mlp';
import { isProjection, projectionDims, projectionInput } from './projection';
import { findStreamEnd, findUnembedding, residualChain, sumOf } from './residual';
import type { ResidualStep, StreamSum, Tail } from './residual';
import { misfits, type Misfit } from './widths';
import { unknownAnatomy } from './unknown-anatomy';
import { vocabularyOf } from './vocabulary';
import { unsupported } from './unsupported';

/** What a decoder consists of, in terms of the graph's tensors. */
export interface Anatomy {
  /** Graph input with the token ids, graph output with the logits. */
  readonly tokens: string;
  readonly logits: string;
  readonly embedding: Embedding;
  readonly tail: Tail;
  readonly dims: ModelDims;
  readonly parallelResidual: boolean;
  /** What each step makes of the stream and its branches; only in a `plain` one do their values add up. */
  readonly streamSum: StreamSum;
  readonly layers: readonly LayerAnatomy[];
  /** Every hook of the layers and the embedding, in graph order. */
  readonly sites: ReadonlyMap<HookName, Site>;
  readonly missing: readonly MissingPart[];
}

type Branch =
  | {
      readonly kind: 'attention';
      readonly tensor: string;
      readonly sites: AttentionSites;
      /** Something else is in the tensor, beside attention's output. */
      readonly summed: boolean;
    }
  | { readonly kind: 'attention'; readonly tensor: string; readonly sites?: never; readonly reason: MissingReason }
  | { readonly kind: 'mlp'; readonly tensor: string; readonly sites?: MlpSites }
  | { readonly kind: 'other'; readonly tensor: string; readonly reason: MissingReason };

const FUSED_ATTENTION = new Set([
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'DecoderMaskedMultiHeadAttention',
]);

/**
 * Recognises a decoder by its topology: from the logits back over the unembedding and the final norm, down the
 * residual additions to the embedding, then into each branch.
 * @throws StrataError `unknown-anatomy`, saying which part was not found and why.
 */
export function findAnatomy(view: GraphView, config: Readonly<Record<string, unknown>>): Anatomy {
  try {
    return recognised(view, config);
  } catch (cause) {
    throw withFamilyReason(StrataError.from(cause), config);
  }
}

/** What is thrown where the walk down the stream ends, whatever is in its way. */
const LOST: ReadonlySet<unknown> = new Set<MissingCode>([
  'broken-stream',
  'operator-before-stream',
  'two-streams',
  'stream-without-embedding',
  'several-branches',
  'layer-without-mlp',
  'mlp-without-attention',
  'no-layers',
]);

/** The reason why the stream was not found, where config.json says what the family has instead (Gemma 3n and 4). */
function withFamilyReason(error: StrataError, config: Readonly<Record<string, unknown>>): StrataError {
  if (error.code !== 'unknown-anatomy' || !LOST.has(error.details['reason'])) return error;
  const count = configNumber(config, 'altup_num_inputs');
  if (count !== undefined && count > 1) return unknownAnatomy('several-streams', { count });
  return configNumber(config, 'hidden_size_per_layer_input') === undefined ? error : unknownAnatomy('per-layer-inputs');
}

function recognised(view: GraphView, config: Readonly<Record<string, unknown>>): Anatomy {
  const logits = findLogits(view);
  const { node: unembedding, after } = findUnembedding(view, logits);
  const columns = projectionDims(view, unembedding)?.[1];
  const vocabulary = columns === undefined ? undefined : vocabularyOf(view, logits, after, columns);
  const embedding = findEmbedding(view, unembedding, vocabulary?.size);
  const data = view.descendants(embedding.tensor);
  const end = findStreamEnd(view, unembedding, data);
  const chain = residualChain(view, end, data, (name) => attentionBelow(view, name, data));
  checkEmbedding(view, chain.embedding, embedding.tensor, data);
  const branches = chain.steps.map((step) => step.branches.flatMap((tensor) => unfold(view, step, tensor, data)));
  const builder = new LayerBuilder(view);
  const d_model = projectionDims(view, end.reader)?.[0] ?? embedding.d_table;
  if (embedding.width === d_model) builder.site('hook_embed', embedding.scaled);
  else
    builder.missing.push({
      part: 'hook_embed',
      reason: missingReason('other-width', { found: embedding.width, expected: d_model }),
    });
  chain.steps.forEach((step, index) => builder.add(step, branches[index]!));
  const layers = builder.finish();
  checkLayerCount(layers.length, config);
  const dims = modelDims(view, config, { d_model, d_vocab: embedding.d_vocab }, layers);
  for (const misfit of misfits(view, dims, layers)) builder.withdraw(misfit);
  const tail: Tail = {
    input: chain.top,
    normalized: projectionInput(view, end.reader),
    unembedding,
    transformed: end.reader !== unembedding,
    after,
    vocabulary: vocabulary!,
  };
  return {
    tokens: embedding.input,
    logits,
    embedding,
    tail,
    dims,
    parallelResidual: builder.parallel,
    streamSum: chain.sum,
    layers,
    sites: builder.sites,
    missing: builder.missing,
  };
}

/** Outputs beyond these are not looked at: large models give back a few hundred caches. */
const MAX_OUTPUTS = 1000;

/** The output with one value per vocabulary entry: float, three dimensions, not a cache. */
export function findLogits(view: GraphView): string {
  const { outputs } = view.model.graph;
  const cache = (output: ValueInfo): boolean => output.dims?.length === 4 || output.dims?.length === 5;
  const candidates = outputs.filter((output) => !cache(output)).slice(0, MAX_OUTPUTS);
  const found = candidates.find((output) => {
    try {
      const { node } = findUnembedding(view, output.name);
      const dims = projectionDims(view, node);
      return dims !== undefined && dims[1] > dims[0] / 8;
    } catch {
      return false;
    }
  });
  const fallback = candidates.find((output) => output.name === 'logits') ?? candidates[0];
  const chosen = found ?? fallback;
  if (!chosen) throw unsupported('no-logits');
  return chosen.name;
}

/** Below the lowest addition there may be a position embedding, a scale, a norm; no further layer. */
function checkEmbedding(view: GraphView, stream: string, tokens: string, data: ReadonlySet<string>): void {
  if (stream !== tokens && !view.comesFrom(stream, tokens, data)) {
    throw unknownAnatomy('stream-without-embedding');
  }
  if (attentionBelow(view, stream, data)) throw unknownAnatomy('broken-stream');
}

function attentionBelow(view: GraphView, name: string, data: ReadonlySet<string>): boolean {
  const makers = view.makers(view.ancestors(name, data));
  return makers.some((node) => node.op === 'Softmax' || FUSED_ATTENTION.has(node.op));
}

/** A branch; two where attention and MLP are summed before they are added to the stream. */
function unfold(view: GraphView, step: ResidualStep, tensor: string, data: ReadonlySet<string>): Branch[] {
  const whole = classify(view, step, tensor, data);
  const sum = sumOf(view, tensor, data);
  if (!sum || whole.kind !== 'attention') return [whole];
  const parts = sum.map((part) => classify(view, step, part, data));
  return parts.some((part) => part.kind === 'mlp') && parts.some((part) => part.kind === 'attention') ? parts : [whole];
}

function classify(view: GraphView, step: ResidualStep, tensor: string, data: ReadonlySet<string>): Branch {
  const floor = view.rank(step.from);
  const inside = new Set([...view.ancestors(tensor, data, step.from)].filter((name) => view.rank(name) > floor));
  const softmaxes = attentionSoftmaxes(view, inside, data);
  if (softmaxes.length === 1) {
    const sites = attentionSites(view, softmaxes[0]!, inside, data);
    if (!sites) return { kind: 'attention', tensor, reason: missingReason('pattern-unused') };
    const summed = sites.output !== undefined && isSummed(view, sites.output.outputs[0]!, inside);
    return { kind: 'attention', tensor, sites, summed };
  }
  if (softmaxes.length > 1) {
    return { kind: 'attention', tensor, reason: missingReason('several-softmaxes', { count: softmaxes.length }) };
  }
  const nodes = view.makers(inside);
  const fused = nodes.find((node) => FUSED_ATTENTION.has(node.op));
  if (fused) {
    const attribute = foreignAttribute(fused);
    const reason =
      attribute === undefined
        ? missingReason('fused-attention', { operator: fused.op })
        : missingReason('foreign-attribute', { operator: fused.op, attribute: plainName(attribute) });
    return { kind: 'attention', tensor, reason };
  }
  if (nodes.some((node) => node.op.includes('Conv'))) {
    return { kind: 'other', tensor, reason: missingReason('convolution') };
  }
  if (!nodes.some((node) => isProjection(view, node))) {
    return { kind: 'other', tensor, reason: missingReason('no-product') };
  }
  const sites = mlpSites(view, inside);
  return { kind: 'mlp', tensor, ...(sites ? { sites } : {}) };
}

/** Groups residual steps into layers and names their tensors. */
class LayerBuilder {
  readonly sites = new Map<HookName, Site>();
  readonly missing: MissingPart[] = [];
  parallel = false;
  private readonly layers: { attention?: AttentionSites; mlp?: MlpSites }[] = [];
  /** The layer under construction has its attention (or its stand-in) and waits for the MLP. */
  private open = false;

  constructor(private readonly view: GraphView) {}

  site(hook: HookName, tensor: string): void {
    this.sites.set(hook, { tensor, layout: 'positions-first' });
  }

  add(step: ResidualStep, branches: readonly Branch[]): void {
    const mixers = branches.filter((branch) => branch.kind !== 'mlp');
    const mlps = branches.filter((branch) => branch.kind === 'mlp');
    if (mixers.length > 1 || mlps.length > 1) {
      throw unknownAnatomy('several-branches', { layer: this.layers.length + 1 });
    }
    const mixer = mixers[0];
    const mlp = mlps[0];
    if (mixer) {
      if (this.open) throw unknownAnatomy('layer-without-mlp', { layer: this.layers.length });
      this.layers.push({});
      this.site(this.name('hook_resid_pre'), step.from);
      this.mixer(mixer);
      this.open = true;
    } else if (!this.open) throw unknownAnatomy('mlp-without-attention', { layer: this.layers.length + 1 });
    if (mixer && mlp) this.parallel = true;
    else if (mixer) this.site(this.name('hook_resid_mid'), step.to);
    if (mlp?.kind === 'mlp') {
      this.mlp(mlp.tensor, mlp.sites);
      this.site(this.name('hook_resid_post'), step.to);
      this.open = false;
    }
  }

  private get index(): number {
    return this.layers.length - 1;
  }

  private name(hook: BlockHook): HookName {
    return blockHook(this.index, hook);
  }

  private lacks(part: MissingPartName, reason: MissingReason): void {
    this.missing.push({ part, layer: this.index, reason });
  }

  private mixer(branch: Branch): void {
    const attention = branch.kind === 'attention' ? branch.sites : undefined;
    if (branch.kind === 'other') this.lacks('attention', branch.reason);
    else if (branch.kind === 'attention' && !branch.sites) this.lacks('inside-attention', branch.reason);
    if (attention) {
      this.layers[this.index]!.attention = attention;
      for (const part of ['q', 'k', 'v', 'scores', 'pattern', 'z'] as const) {
        const hook = part === 'scores' ? 'attn.hook_attn_scores' : (`attn.hook_${part}` as const);
        const site = attention[part];
        if (part === 'z' && attention.between === 'mixed') this.lacks(hook, missingReason('heads-mixed'));
        else if (site) this.sites.set(this.name(hook), site);
        else this.lacks(hook, missingReason('no-projection'));
      }
      if (attention.between === 'scaled') this.lacks('W_O', missingReason('scaled-heads'));
    }
    if (branch.kind === 'attention' && branch.sites && branch.summed)
      this.lacks('hook_attn_out', missingReason('summed'));
    else this.site(this.name('hook_attn_out'), branch.tensor);
  }

  private mlp(tensor: string, sites: MlpSites | undefined): void {
    if (sites) {
      this.layers[this.index]!.mlp = sites;
      if (sites.pre) this.sites.set(this.name('mlp.hook_pre'), sites.pre);
      else this.lacks('mlp.hook_pre', missingReason('no-activation'));
      this.sites.set(this.name('mlp.hook_post'), sites.post);
    } else {
      const reason = missingReason('experts');
      for (const hook of ['mlp.hook_pre', 'mlp.hook_post'] as const) this.lacks(hook, reason);
    }
    this.site(this.name('hook_mlp_out'), tensor);
  }

  /** Takes back what turns out not to fit the rest. */
  withdraw({ layer, part, hooks, reason }: Misfit): void {
    const found = this.layers[layer]!;
    for (const hook of hooks) {
      this.sites.delete(blockHook(layer, hook));
      if (hook === 'attn.hook_q' || hook === 'attn.hook_k' || hook === 'attn.hook_v') {
        const { [hook.slice(-1) as 'q' | 'k' | 'v']: _, ...rest } = found.attention!;
        found.attention = rest;
      }
    }
    if (part === 'inside-attention') delete found.attention;
    if (part === 'mlp.hook_post') delete found.mlp;
    this.missing.push({ part, layer, reason });
  }

  finish(): LayerAnatomy[] {
    if (this.open) throw unknownAnatomy('layer-without-mlp', { layer: this.layers.length });
    if (this.layers.length === 0) throw unknownAnatomy('no-layers');
    if (this.parallel) {
      this.missing.push({ part: 'hook_resid_mid', reason: missingReason('added-at-once') });
    }
    return this.layers;
  }
}

function checkLayerCount(found: number, config: Readonly<Record<string, unknown>>): void {
  const stated = statedLayers(config);
  if (stated !== undefined && stated !== found) {
    throw unknownAnatomy('layer-count', { stated, found });
  }
}
