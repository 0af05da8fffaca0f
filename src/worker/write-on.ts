import { StrataError, throwIfAborted } from '../core/errors';
import { softmax, topK } from '../core/numerics';
import { promptTooLong } from '../core/prompt-length';
import { unreadIds } from '../core/random';
import type { GeneratedToken, WriteFinish, WriteOptions } from '../core/writing';
import type { Engine } from '../engine/engine';
import { createSampler } from './sampler';

export interface Writer {
  readonly engine: Engine;
  pause(): Promise<void>;
}

/**
 * Lets the model write on, token by token, without a cache: what is shown is what the probes look at.
 * @throws StrataError `empty-prompt`, `prompt-too-long`; `cancelled` between two tokens.
 */
export async function* writeOn(
  { engine, pause }: Writer,
  prompt: readonly number[],
  options: WriteOptions,
  signal: AbortSignal,
): AsyncGenerator<GeneratedToken, WriteFinish> {
  if (prompt.length === 0) throw new StrataError('empty-prompt', 'There is no prompt to continue.');
  const { limits, eosTokenIds, idsWithoutText = [] } = engine.info;
  const { written = 0 } = options;
  const refused = promptTooLong(prompt.length - written, engine.info);
  if (refused) throw refused;
  // Fetched when something is written first: what is only looked at does without.
  const library = await import('../engine/text/library');
  const sample = createSampler(library, { ...options, skip: written }, [...idsWithoutText, ...unreadIds(engine.info)]);
  const ends = new Set(eosTokenIds);
  const ids = [...prompt];
  for (let count = written; count < options.maxTokens; count++) {
    if (ids.length >= limits.tokens && count > 0) return limits.reason === 'memory' ? 'memory-full' : 'context-full';
    await pause();
    throwIfAborted(signal);
    const logits = await engine.generateStep(ids);
    const probabilities = softmax(logits);
    const id = sample(logits);
    const best = topK(probabilities, options.alternatives);
    const [token, ...others] = engine.describe([id, ...best]);
    ids.push(id);
    yield {
      token: token!,
      probability: probabilities[id]!,
      alternatives: others.map((other) => ({ token: other, probability: probabilities[other.id]! })),
    };
    if (ends.has(id)) return 'end-token';
  }
  return 'length';
}
