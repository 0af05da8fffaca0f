import { StrataError } from '../../core/errors';
import { blockHook } from '../../core/hooks';
import type { ModelInfo } from '../../core/model';
import { requirePatterns } from '../../core/patterns';
import type { ProbeInput } from '../../core/probe';
import { distinctIds, unusualIds } from '../../core/random';
import type { RunSpec } from '../../core/run';
import type { HeadsOptions, SequenceStart } from './meta';

/**
 * BOS where the tokenizer puts one. Else the end-of-text token, which such models read between two texts in training
 * and which the field's reference code puts first for them (GPT-2's `<|endoftext|>`). Else nothing.
 */
export function sequenceStart(info: ModelInfo): SequenceStart {
  if (info.bosTokenId !== undefined) return { kind: 'bos', id: info.bosTokenId };
  const eos = info.eosTokenIds.find((id) => id < (info.idsRead ?? info.dims.d_vocab));
  return eos === undefined ? { kind: 'none' } : { kind: 'eos', id: eos };
}

/** Ids the random tokens are not drawn from. */
function excludedIds(info: ModelInfo): readonly number[] {
  const { id } = sequenceStart(info);
  return id === undefined ? unusualIds(info) : [...new Set([...unusualIds(info), id])];
}

/** Largest n ≤ the wanted one that fits the context twice after the start and has that many ordinary ids. */
export function lengthThatFits(info: ModelInfo, wanted: number): number {
  const start = sequenceStart(info).kind === 'none' ? 0 : 1;
  const ordinary = info.dims.d_vocab - new Set(excludedIds(info)).size;
  return Math.min(wanted, Math.floor((info.limits.attentionTokens - start) / 2), ordinary);
}

/** Hook of a layer's pattern, read from each trace. */
export const patternHook = (layer: number) => blockHook(layer, 'attn.hook_pattern');

export type HeadsInput = Pick<ProbeInput<HeadsOptions>, 'info' | 'options'>;

/** One repeated random sequence for each seed, with all patterns. */
export function plan({ info, options }: HeadsInput): readonly RunSpec[] {
  const n = lengthThatFits(info, options.n);
  if (n < 2) {
    throw new StrataError('unsupported-model', 'The context is too short for a repeated sequence.', {
      n_ctx: info.limits.attentionTokens,
    });
  }
  const patterns = requirePatterns(info).map(patternHook);
  const { id } = sequenceStart(info);
  const start = id === undefined ? [] : [id];
  return Array.from({ length: options.seeds }, (_, seed) => {
    const random = distinctIds(n, info.dims.d_vocab, excludedIds(info), seed + 1);
    return { tokens: [...start, ...random, ...random], interventions: [], captures: patterns };
  });
}
