import type { HookName } from '../../core/hooks';
import type { Dtype, ModelDims, ModelInfo, PromptLimits } from '../../core/model';
import { promptTooLong } from '../../core/prompt-length';
import { hookShape } from '../../onnx/hook-shape';

const FLOAT_BYTES = 4;
/** What a 32-bit WebAssembly memory can address. */
const ADDRESSABLE_BYTES = 4 * 2 ** 30;
/** The runtime's own code and tables, and what allocation leaves unused. */
const RESERVED_BYTES = 300e6;
/** Bytes in the runtime's memory for each byte of the file: half precision is computed in single precision. */
const GROWTH: Readonly<Record<Dtype, number>> = {
  fp32: 1.2,
  fp16: 2.4,
  q8: 1.5,
  int8: 1.5,
  uint8: 1.5,
  q4: 1.5,
  q4f16: 2,
};

/** Most bytes a run of this model may need beside the weights. */
export function roomForRuns(info: Pick<ModelInfo, 'dtype' | 'provenance'>): number {
  return Math.max(0, ADDRESSABLE_BYTES - RESERVED_BYTES - info.provenance.bytes * GROWTH[info.dtype]);
}

/**
 * About how many bytes a run over `length` tokens needs that gives these hooks.
 * @param perToken What the tail needs for every token, where it cannot work in parts.
 */
export function runBytes(dims: ModelDims, length: number, hooks: readonly HookName[], perToken = 0): number {
  const { n_heads, d_mlp, d_model } = dims;
  // While a layer runs: scores, masked scores and pattern; the MLP before and after its function; copies of the stream.
  const layer = length * (3 * n_heads * length + 3 * d_mlp + 6 * d_model);
  // What is captured is in the runtime's memory and, copied, in the page's.
  const captured = hooks.reduce((sum, hook) => sum + 2 * captureSize(hook, dims, length), 0);
  return FLOAT_BYTES * (layer + captured) + length * perToken;
}

/** Numbers of one capture. */
function captureSize(hook: HookName, dims: ModelDims, length: number): number {
  if (hook === 'logits') return length * dims.d_vocab;
  if (hook === 'logit_lens') return (dims.n_layers + 1) * length * dims.d_vocab;
  if (hook === 'ln_final.hook_normalized') return length * dims.d_model;
  const shape = hookShape(hook, dims);
  return shape ? length * shape.heads * shape.width : dims.n_heads * length * length;
}

/** The longest prompt that fits into `room` bytes with these hooks. */
export function tokensThatFit(dims: ModelDims, hooks: readonly HookName[], room: number, perToken = 0): number {
  let fits = 0;
  for (let step = 2 ** 20; step >= 1; step /= 2) {
    if (runBytes(dims, fits + step, hooks, perToken) <= room) fits += step;
  }
  return fits;
}

/**
 * How long a prompt may be: for the lens, which needs the residual stream, and for all attention patterns at once.
 * @param info `hooks` must hold all that the model has.
 */
export function promptLimits(
  info: Pick<ModelInfo, 'dims' | 'hooks' | 'dtype' | 'provenance'>,
  perToken = 0,
): PromptLimits {
  const { n_ctx = Infinity } = info.dims;
  const room = roomForRuns(info);
  const streams = info.hooks.filter((hook) => /^blocks\.0\.hook_resid_pre$|hook_resid_post$/.test(hook));
  const patterns = info.hooks.filter((hook) => hook.endsWith('attn.hook_pattern'));
  const fits = tokensThatFit(info.dims, streams.length > 0 ? streams : ['logits'], room, perToken);
  const tokens = Math.min(n_ctx, fits);
  const withPatterns = tokensThatFit(info.dims, [...streams, ...patterns], room, perToken);
  return {
    tokens,
    reason: fits < n_ctx ? 'memory' : 'context',
    attentionTokens: Math.min(tokens, withPatterns),
  };
}

/**
 * Refuses a run before it begins whose prompt is longer than the model reads or than there is memory for.
 * @param hooks What the run gives, the residual stream included.
 * @throws StrataError `prompt-too-long`; for lack of memory with `fits`, the number of tokens that there is room for.
 */
export function checkLength(info: ModelInfo, length: number, hooks: readonly HookName[], perToken = 0): void {
  const room = roomForRuns(info);
  const needed = runBytes(info.dims, length, hooks, perToken);
  const fits = needed <= room ? length : tokensThatFit(info.dims, hooks, room, perToken);
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
  const error = promptTooLong(length, info, { fits, neededMB: megabytes(needed), roomMB: megabytes(room) });
  if (error) throw error;
}

/** Bytes that must be left for runs where the layers are held twice. */
const BESIDE_TWO_SESSIONS = 2 * 2 ** 30;
/** Most bytes the runs of one batch may take: all of their traces wait for whoever reads them. */
const BATCH_BYTES = 256e6;

/** True where the layers fit into memory twice and leave enough for runs. */
export function fitsTwice(info: Pick<ModelInfo, 'dtype' | 'provenance'>): boolean {
  return roomBesideTwo(info) >= BESIDE_TWO_SESSIONS;
}

/** Most bytes a run may need while two sessions of the layers are held. */
export function roomBesideTwo(info: Pick<ModelInfo, 'dtype' | 'provenance'>): number {
  return Math.max(0, roomForRuns(info) - info.provenance.bytes * GROWTH[info.dtype]);
}

/** How many runs of `bytes` each fit into one batch; at least one. */
export function runsThatFit(bytes: number, room: number): number {
  return Math.max(1, Math.floor(Math.min(room, BATCH_BYTES) / bytes));
}
