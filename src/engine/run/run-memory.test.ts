import { describe, expect, it } from 'vitest';
import type { HookName } from '../../core/hooks';
import type { ModelInfo } from '../../core/model';
import {
  checkLength,
  fitsTwice,
  promptLimits,
  roomBesideTwo,
  roomForRuns,
  runBytes,
  runsThatFit,
  tokensThatFit,
} from './run-memory';

const MB = 1e6;
/** Gemma 3 270M: a vocabulary of 262,144 and room for 32,768 tokens. */
const dims = {
  n_layers: 18,
  n_heads: 4,
  n_kv_heads: 1,
  d_model: 640,
  d_head: 256,
  d_mlp: 2048,
  d_vocab: 262_144,
  n_ctx: 32_768,
};
const patterns = Array.from({ length: 18 }, (_, layer): HookName => `blocks.${layer}.attn.hook_pattern`);
const info = (bytes: number): ModelInfo => ({ dims, dtype: 'fp32', provenance: { bytes } }) as unknown as ModelInfo;

describe('memory a run needs', () => {
  it('grows with the square of the prompt where patterns are asked for', () => {
    const ratio = runBytes(dims, 4000, patterns) / runBytes(dims, 2000, patterns);
    expect(ratio).toBeGreaterThan(3.8);
    expect(ratio).toBeLessThan(4);
    // 18 layers × 4 heads × 2000² × 4 bytes, twice
    expect(runBytes(dims, 2000, patterns)).toBeGreaterThan(2 * 1152 * MB);
  });

  it('counts every logit of every layer where the whole lens is asked for', () => {
    expect(runBytes(dims, 10, ['logit_lens'])).toBeGreaterThan(2 * 19 * 10 * 262_144 * 4);
  });

  it('counts what a tail needs for every token that cannot work in parts', () => {
    expect(runBytes(dims, 10, [], 1000) - runBytes(dims, 10, [])).toBe(10_000);
    expect(tokensThatFit(dims, [], 2000 * MB, 24 * dims.d_vocab)).toBeLessThan(tokensThatFit(dims, [], 2000 * MB));
  });

  it('leaves less room beside a larger model, and none beside one that fills the memory', () => {
    expect(roomForRuns(info(1000 * MB))).toBeLessThan(roomForRuns(info(500 * MB)));
    expect(roomForRuns(info(5000 * MB))).toBe(0);
  });

  it('finds the longest prompt that fits', () => {
    const room = 2000 * MB;
    const fits = tokensThatFit(dims, patterns, room);
    expect(runBytes(dims, fits, patterns)).toBeLessThanOrEqual(room);
    expect(runBytes(dims, fits + 1, patterns)).toBeGreaterThan(room);
  });

  it('refuses a run that cannot fit, with numbers, and lets through what fits', () => {
    const model = info(1072 * MB);
    const fits = tokensThatFit(dims, patterns, roomForRuns(model));
    expect(() => checkLength(model, fits, patterns)).not.toThrow();
    expect(() => checkLength(model, 8000, patterns)).toThrow(
      `A prompt of 8000 tokens needs about 40,255 MB beside the model, and there is room for 2,709 MB: about ${fits} tokens.`,
    );
    expect(() => checkLength(model, 8000, patterns)).toThrow(
      expect.objectContaining({
        code: 'prompt-too-long',
        details: expect.objectContaining({ reason: 'memory', fits }),
      }),
    );
  });

  it('says of a prompt that the model does not read that it is too long, not that memory is short', () => {
    expect(() => checkLength({ ...info(500 * MB), dims: { ...dims, n_ctx: 16 } }, 21, [])).toThrow(
      expect.objectContaining({ code: 'prompt-too-long', details: { tokens: 21, n_ctx: 16, over: 5 } }),
    );
  });

  it('holds a model twice only where runs still have room', () => {
    expect(fitsTwice(info(10 * MB))).toBe(true);
    expect(fitsTwice(info(1072 * MB))).toBe(false);
    expect(roomBesideTwo(info(500 * MB))).toBeLessThan(roomForRuns(info(500 * MB)));
  });

  it('makes batches smaller where runs are large or room is short, and never empty', () => {
    const few = runsThatFit(10 * MB, 100 * MB);
    expect(few).toBe(10);
    expect(runsThatFit(10 * MB, 50 * MB)).toBe(5);
    expect(runsThatFit(20 * MB, 100 * MB)).toBe(5);
    expect(runsThatFit(10 * MB, 4000 * MB)).toBeLessThan(400);
    expect(runsThatFit(5000 * MB, 100 * MB)).toBe(1);
  });

  it('limits a prompt beforehand to what a run then lets through', () => {
    const streams = Array.from({ length: 18 }, (_, layer): HookName => `blocks.${layer}.hook_resid_post`);
    const pre: HookName = 'blocks.0.hook_resid_pre';
    const hooks = [pre, ...streams, ...patterns, 'logits', 'logit_lens'] as const;
    const model: ModelInfo = { ...info(1072 * MB), hooks };
    const { tokens, reason, attentionTokens } = promptLimits(model, 40 * 262_144);
    expect(reason).toBe('memory');
    expect(attentionTokens).toBeLessThan(tokens);
    expect(() => checkLength(model, tokens, [pre, ...streams], 40 * 262_144)).not.toThrow();
    expect(() => checkLength(model, tokens + 1, [pre, ...streams], 40 * 262_144)).toThrow();
    const all = [pre, ...streams, ...patterns];
    expect(() => checkLength(model, attentionTokens, all, 40 * 262_144)).not.toThrow();
    expect(() => checkLength(model, attentionTokens + 1, all, 40 * 262_144)).toThrow();
    const short = { ...model, dims: { ...dims, n_ctx: 16 } };
    expect(promptLimits(short)).toEqual({ tokens: 16, reason: 'context', attentionTokens: 16 });
  });
});
