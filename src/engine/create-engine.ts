import { StrataError, throwIfAborted } from '../core/errors';
import type { HookName } from '../core/hooks';
import { reasonOf } from '../core/missing-reasons';
import type { Backend, Batching, ModelFiles, ModelInfo } from '../core/model';
import { plainName } from '../core/plain-text';
import { distinctIds, unusualIds } from '../core/random';
import { findAnatomy, findLogits, type Anatomy } from '../onnx/anatomy';
import { bindCaches } from '../onnx/cache';
import { configNumber, contextLength, hasEncoder, statedHeads, statedWidth } from '../onnx/config';
import { contextOf } from '../onnx/context';
import { rowsOfTokens } from '../onnx/embedding';
import { inputFillings } from '../onnx/fillings';
import { GraphView } from '../onnx/graph';
import { checkInputs, neededInputs } from '../onnx/inputs';
import type { OnnxModel } from '../onnx/onnx-model';
import { withoutBranches } from '../onnx/rewrites/branches';
import { computeInFloat32, usesBrainFloat, usesFloat16 } from '../onnx/rewrites/float32';
import { withoutTokenSegments, withPlainOperators } from '../onnx/rewrites/plain-operators';
import { checkSafety, operatorCounts } from '../onnx/safety';
import { scanModel } from '../onnx/scan';
import { unsupported } from '../onnx/unsupported';
import type { CreateEngine, EngineOptions, LoadStep } from './engine';
import { LoadedModel } from './loaded-model';
import { openChecked } from './open-checked';
import type { Recognised } from './recognised';
import { promptLimits } from './run/run-memory';
import { computesInHalf, loadRuntime, type Runtime } from './session/runtime';
import { endTokenIds } from './text/end-tokens';
import { openTokenizer, type TextTokenizer } from './text/tokenizer';
import type { RunPlan } from './session/trunk-session';

const DEADLINE = 120_000;
/** Enough to see damaged weights, whether attention looks ahead, and what does not agree with the file. */
const CHECK_TOKENS = 6;
/** Answers and foil of a usual fact. */
const USUAL_TARGETS = 4;

/**
 * Loads a model: tokenizer, anatomy, sessions. When the anatomy is not understood, the model can still be run for its
 * logits; `info.missing` says which part failed.
 * @throws StrataError `malformed-model`, `unsupported-model`, `model-too-large`, `missing-file`, `invalid-config`,
 * `session-failed`, `backend-unavailable`, `out-of-memory`, `non-finite`, `cancelled`.
 */
export const createEngine: CreateEngine = async (files, options = {}) => {
  const step = (name: LoadStep): void => {
    throwIfAborted(options.signal);
    options.onStep?.(name);
  };
  step('anatomy');
  const model = withoutBranches(scanModel(files.graph.bytes));
  checkSafety(model, files.external);
  const backend = options.backend ?? 'wasm';
  const { view, file } = prepareGraph(model, files, backend, await computesInHalf(backend));
  const recognised = recognise(view, files);
  const plan = planRuns(view, recognised.anatomy, files);
  step('tokenizer');
  const tokenizer = files.tokenizer && (await openTokenizer(files.tokenizer, plan.d_vocab));
  step('session');
  const runtime = await loadRuntime(backend, options);
  const weights = { source: files.graph.bytes, external: files.external };
  const deadline = options.deadlineMs ?? DEADLINE;
  const rows = rowsOfTokens(view, plan.tokens);
  const read = rows !== undefined && rows < plan.d_vocab ? { idsRead: rows } : {};
  const dims = recognised.anatomy?.dims ?? unknownDims(files, plan.d_vocab);
  const { specialTokenIds = [], idsWithoutText } = tokenizer ?? {};
  const tokens = shortPrompt(dims, unusualIds({ specialTokenIds, idsWithoutText, ...read, dims }));
  const untouched = { view: file, plan: { ...planRuns(file, recognised.anatomy, files), tokens: plan.tokens } };
  const parts = { runtime, backend, view, plan, weights, deadline };
  const { found, seats, tail, short, fileCheck } = await openChecked(
    { files, parts, untouched, tokens, options },
    recognised,
  );
  const perToken = tail?.bytesPerToken(USUAL_TARGETS);
  const info = describeModel(files, model, found, plan, tokenizer, runtime, options, perToken);
  const { anatomy } = found;
  const known = { ...info, ...read, ...(fileCheck ? { fileCheck } : {}) };
  const loaded = new LoadedModel(known, { view, anatomy, tokenizer, seats, tail });
  try {
    step('self-check');
    await loaded.checkItself(tokens, short);
    throwIfAborted(options.signal);
    return loaded;
  } catch (cause) {
    await loaded.dispose();
    throw cause;
  }
};

/** A few ordinary tokens, the same for every load of a model. */
function shortPrompt({ d_vocab, n_ctx }: ModelInfo['dims'], unusual: readonly number[]): number[] {
  const length = Math.min(CHECK_TOKENS, n_ctx ?? Infinity, d_vocab - unusual.length);
  return length < 1 ? [] : distinctIds(length, d_vocab, unusual, 1);
}

/**
 * What a run of this model is fed and answers with.
 * @throws StrataError `unsupported-model` for whatever is no decoder of text, naming what shows it.
 */
function planRuns(view: GraphView, anatomy: Anatomy | undefined, files: ModelFiles): RunPlan {
  const { config } = files;
  const logits = anatomy?.logits ?? findLogits(view);
  const inputs = neededInputs(view, logits);
  const sizes = {
    d_head: anatomy?.dims.d_head ?? headWidth(files),
    d_model: anatomy?.dims.d_model ?? statedWidth(config) ?? 0,
    convolution: configNumber(config, 'conv_L_cache', 'conv_kernel', 'd_conv'),
  };
  const caches = bindCaches(view, inputs, sizes);
  const tokens = checkInputs(inputs, anatomy?.tokens, caches.names);
  if (config['is_encoder_decoder'] === true) throw unsupported('encoder-decoder', 'is_encoder_decoder');
  const own = inputs.filter(({ name }) => !caches.names.has(name));
  const fillings = inputFillings(view, own, tokens, config);
  return { tokens, logits, caches, fillings, d_vocab: vocabularySize(view, logits, anatomy, config) };
}

/** A part of the vocabulary may be missing from the logits or from config.json (padding); not a tenth of it. */
const SAME_VOCABULARY = 0.9;

function vocabularySize(
  view: GraphView,
  logits: string,
  anatomy: Anatomy | undefined,
  config: ModelFiles['config'],
): number {
  const stated = configNumber(config, 'vocab_size');
  const last = view.model.graph.outputs.find(({ name }) => name === logits)?.dims?.at(-1);
  const found = anatomy?.dims.d_vocab ?? (typeof last === 'number' && last > 0 ? last : stated);
  if (found === undefined) throw unsupported('no-vocabulary');
  if (stated !== undefined && found < SAME_VOCABULARY * stated) throw unsupported('no-logits', logits);
  return found;
}

/**
 * The graph that is recognised, changed and run: in single precision where half is not computed, fused operators taken
 * apart. Beside it the file's own, which the processor can run; segments that would be taken for tokens add nothing
 * in either.
 */
function prepareGraph(
  stored: OnnxModel,
  files: ModelFiles,
  backend: Backend,
  half: boolean,
): { readonly view: GraphView; readonly file: GraphView } {
  const model = withoutTokenSegments(stored, files.external) ?? stored;
  const brain = usesBrainFloat(model);
  const wide = brain || usesFloat16(model) ? computeInFloat32(model) : model;
  const file = new GraphView(wide, files.external);
  const view = half && !brain && wide !== model ? new GraphView(model, files.external) : file;
  const plain = withPlainOperators(view, files.config, backend === 'webgpu');
  return { view: plain ? new GraphView(plain, files.external) : view, file };
}

function recognise(view: GraphView, files: ModelFiles): Recognised {
  try {
    const anatomy = findAnatomy(view, files.config);
    const { n_ctx: _, ...dims } = anatomy.dims;
    return { anatomy: { ...anatomy, dims: { ...dims, ...contextOf(view, anatomy, files.config) } } };
  } catch (cause) {
    const error = StrataError.from(cause);
    const reason = error.code === 'unknown-anatomy' ? reasonOf(error.details) : undefined;
    if (!reason) throw error;
    return { reason };
  }
}

function describeModel(
  files: ModelFiles,
  model: OnnxModel,
  found: Recognised,
  plan: RunPlan,
  tokenizer: TextTokenizer | undefined,
  runtime: Runtime,
  options: EngineOptions,
  perToken: number | undefined,
): ModelInfo {
  const backend = options.backend ?? 'wasm';
  const threads = runtime.env.wasm.numThreads ?? 1;
  const family = files.config['model_type'];
  const { anatomy } = found;
  const dims = anatomy?.dims ?? unknownDims(files, plan.d_vocab);
  const hooks: readonly HookName[] = anatomy
    ? [...anatomy.sites.keys(), 'ln_final.hook_normalized', 'logits', 'logit_lens']
    : ['logits'];
  return {
    name: files.name,
    family: typeof family === 'string' ? plainName(family) : 'unknown',
    dtype: files.dtype,
    dims,
    parallelResidual: anatomy?.parallelResidual ?? false,
    ...(hasEncoder(files.config) ? { withoutItsEncoder: true } : {}),
    hooks,
    missing: found.anatomy ? found.anatomy.missing : [{ part: 'anatomy', reason: found.reason }],
    operators: operatorCounts(model.graph.nodes),
    backend,
    threads,
    ...(backend === 'webgpu' ? adapterOf(runtime) : {}),
    ...(tokenizer?.bosTokenId === undefined ? {} : { bosTokenId: tokenizer.bosTokenId }),
    ...(tokenizer?.bos ? { bosChoice: tokenizer.bos } : {}),
    hasChatTemplate: tokenizer?.hasChatTemplate ?? false,
    idsWithoutText: tokenizer?.idsWithoutText ?? [],
    eosTokenIds: endTokenIds(files),
    specialTokenIds: tokenizer?.specialTokenIds ?? [],
    provenance: files.provenance,
    batching: batchingOf(model, plan),
    limits: promptLimits({ dims, hooks, dtype: files.dtype, provenance: files.provenance }, perToken),
    versions: { 'onnxruntime-web': runtime.env.versions.web ?? runtime.env.versions.common },
  };
}

/** What the graph says of prompts run together; whether it holds is found out by trying. */
function batchingOf({ graph }: OnnxModel, { tokens }: RunPlan): Batching {
  const rows = graph.inputs.find(({ name }) => name === tokens)?.dims?.[0];
  if (typeof rows === 'number') return { kind: 'single', reason: 'fixed-dimension' };
  const rounds = graph.nodes.some(({ op }) => op.startsWith('DynamicQuantize'));
  return rounds ? { kind: 'single', reason: 'quantised-activations' } : { kind: 'batched' };
}

function headWidth({ config }: ModelFiles): number {
  return configNumber(config, 'head_dim') ?? Math.floor((statedWidth(config) ?? 0) / (statedHeads(config) ?? 1));
}

function unknownDims(files: ModelFiles, d_vocab: number): ModelInfo['dims'] {
  const { config } = files;
  return {
    n_layers: 0,
    n_heads: 0,
    n_kv_heads: 0,
    d_model: 0,
    d_head: 0,
    d_mlp: 0,
    d_vocab,
    ...contextLength(config),
  };
}

function adapterOf(runtime: Runtime): { readonly adapter?: string } {
  const adapter = runtime.env.webgpu?.adapter as { info?: Record<string, unknown> } | undefined;
  const words = ['description', 'device', 'architecture', 'vendor'].map((key) => adapter?.info?.[key]);
  const name = words.find((word): word is string => typeof word === 'string' && word !== '');
  return name === undefined ? {} : { adapter: plainName(name) };
}
