import { StrataError, throwIfAborted } from '../core/errors';
import type { Backend, ModelFiles, ModelInfo } from '../core/model';
import { findAnatomy, findLogits, type Anatomy } from '../onnx/anatomy';
import { configNumber } from '../onnx/config';
import { GraphView } from '../onnx/graph';
import type { OnnxModel } from '../onnx/model';
import { withoutBranches } from '../onnx/rewrites/branches';
import { computeInFloat32, usesFloat16 } from '../onnx/rewrites/float32';
import { withPlainOperators } from '../onnx/rewrites/plain-operators';
import { checkSafety, operatorCounts } from '../onnx/safety';
import { scanModel } from '../onnx/scan';
import type { CreateEngine, EngineOptions } from './engine';
import { LoadedModel } from './loaded-model';
import { computesInHalf, loadRuntime, type Runtime } from './runtime';
import { TextTokenizer } from './tokenizer';
import { Trunk } from './trunk';
import { createTail } from './tail';

const DEADLINE = 120_000;

/**
 * Loads a model: tokenizer, anatomy, sessions. When the anatomy is not understood, the model can still be run for its
 * logits; `info.missing` says which part failed.
 * @throws StrataError `malformed-model`, `unsupported-model`, `model-too-large`, `missing-file`, `invalid-config`,
 * `session-failed`, `backend-unavailable`, `out-of-memory`, `cancelled`.
 */
export const createEngine: CreateEngine = async (files, options = {}) => {
  const step = (name: 'tokenizer' | 'anatomy' | 'session'): void => {
    throwIfAborted(options.signal);
    options.onStep?.(name);
  };
  step('anatomy');
  const model = withoutBranches(scanModel(files.graph.bytes));
  checkSafety(model, files.external);
  const backend = options.backend ?? 'wasm';
  const view = prepareGraph(model, files, backend, await computesInHalf(backend));
  const found = recognise(view, files);
  step('tokenizer');
  const d_vocab = found.anatomy?.dims.d_vocab ?? configNumber(files.config, 'vocab_size') ?? 0;
  const tokenizer = files.tokenizer && new TextTokenizer(files.tokenizer, d_vocab);
  step('session');
  const runtime = await loadRuntime(backend, options);
  const weights = { source: files.graph.bytes, external: files.external };
  const tail = found.anatomy && (await createTail(runtime, backend, view, found.anatomy, weights));
  const d_head = found.anatomy?.dims.d_head ?? headWidth(files);
  const trunk = new Trunk(
    runtime,
    backend,
    view,
    found.anatomy,
    findLogits(view),
    weights,
    options.deadlineMs ?? DEADLINE,
    d_head,
  );
  await trunk.open();
  throwIfAborted(options.signal);
  const info = describeModel(files, model, found, tokenizer, runtime, options);
  return new LoadedModel(info, view, found.anatomy, tokenizer, trunk, tail);
};

/** The graph that is recognised, changed and run: in single precision where half is not computed, fused operators taken apart. */
function prepareGraph(model: OnnxModel, files: ModelFiles, backend: Backend, half: boolean): GraphView {
  const wide = !half && usesFloat16(model) ? computeInFloat32(model) : model;
  const view = new GraphView(wide, files.external);
  const plain = withPlainOperators(view, files.config, backend === 'webgpu');
  return plain ? new GraphView(plain, files.external) : view;
}

interface Recognised {
  readonly anatomy?: Anatomy;
  readonly reason?: string;
}

function recognise(view: GraphView, files: ModelFiles): Recognised {
  try {
    return { anatomy: findAnatomy(view, files.config) };
  } catch (cause) {
    const error = StrataError.from(cause);
    if (error.code !== 'unknown-anatomy') throw error;
    return { reason: error.message };
  }
}

function describeModel(
  files: ModelFiles,
  model: OnnxModel,
  found: Recognised,
  tokenizer: TextTokenizer | undefined,
  runtime: Runtime,
  options: EngineOptions,
): ModelInfo {
  const backend = options.backend ?? 'wasm';
  const threads = runtime.env.wasm.numThreads ?? 1;
  const family = files.config['model_type'];
  const { anatomy } = found;
  return {
    name: files.name,
    family: typeof family === 'string' ? family : 'unknown',
    dtype: files.dtype,
    dims: anatomy?.dims ?? unknownDims(files),
    parallelResidual: anatomy?.parallelResidual ?? false,
    hooks: anatomy ? [...anatomy.sites.keys(), 'ln_final.hook_normalized', 'logits', 'logit_lens'] : ['logits'],
    missing: anatomy?.missing ?? [{ part: 'anatomy', reason: found.reason ?? '' }],
    operators: operatorCounts(model.graph.nodes),
    backend,
    backendLabel:
      backend === 'wasm'
        ? `WASM, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
        : `WebGPU: ${adapterName(runtime)}`,
    threads,
    ...(tokenizer?.bosTokenId === undefined ? {} : { bosTokenId: tokenizer.bosTokenId }),
    eosTokenIds: eosTokenIds(files),
    specialTokenIds: tokenizer?.specialTokenIds ?? [],
    provenance: files.provenance,
    versions: { 'onnxruntime-web': runtime.env.versions.web ?? runtime.env.versions.common },
  };
}

function headWidth({ config }: ModelFiles): number {
  const hidden = configNumber(config, 'hidden_size', 'n_embd') ?? 0;
  return (
    configNumber(config, 'head_dim') ??
    Math.floor(hidden / (configNumber(config, 'num_attention_heads', 'n_head') ?? 1))
  );
}

function unknownDims(files: ModelFiles): ModelInfo['dims'] {
  const { config } = files;
  return {
    n_layers: 0,
    n_heads: 0,
    n_kv_heads: 0,
    d_model: 0,
    d_head: 0,
    d_mlp: 0,
    d_vocab: configNumber(config, 'vocab_size') ?? 0,
    n_ctx: configNumber(config, 'n_positions', 'max_position_embeddings', 'n_ctx') ?? 1024,
  };
}

function adapterName(runtime: Runtime): string {
  const adapter = runtime.env.webgpu?.adapter as { info?: Record<string, unknown> } | undefined;
  const words = ['description', 'device', 'architecture', 'vendor'].map((key) => adapter?.info?.[key]);
  return words.find((word): word is string => typeof word === 'string' && word !== '') ?? 'graphics device';
}

function eosTokenIds(files: ModelFiles): number[] {
  const value = files.config['eos_token_id'];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0);
}
