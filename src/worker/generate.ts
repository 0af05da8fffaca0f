import { StrataError } from '../core/errors';
import type { GeneratedToken, GenerateRequest, GenerateResponse } from '../core/model-api';
import { softmax, topK } from '../core/numerics';
import { writtenText } from '../core/written-text';
import type { Engine } from '../engine/engine';
import { createSampler } from './sampler';
import { tooLong } from './too-long';

const MAX_ALTERNATIVES = 50;

function check(name: keyof GenerateRequest, good: boolean, expected: string): void {
  if (!good) throw new StrataError('invalid-request', `"${name}" must be ${expected}.`, { option: name });
}

/** @throws StrataError `invalid-request` naming the field; requests may come from a shared link. */
export function checkGenerateRequest(request: GenerateRequest): void {
  const whole = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max;
  check('maxTokens', whole(request.maxTokens, 1, 100_000), 'a whole number from 1');
  check('temperature', request.temperature >= 0 && request.temperature <= 100, 'a number from 0 to 100');
  check('topK', whole(request.topK, 0, Number.MAX_SAFE_INTEGER), 'a whole number from 0');
  check('topP', request.topP > 0 && request.topP <= 1, 'a number above 0 and at most 1');
  check('seed', Number.isInteger(request.seed), 'a whole number');
  check(
    'alternatives',
    whole(request.alternatives, 0, MAX_ALTERNATIVES),
    `a whole number from 0 to ${MAX_ALTERNATIVES}`,
  );
}

/**
 * Lets the model write on, token by token, without a cache: what is shown is what the probes look at.
 * An abort ends it with what is there (`finish: 'cancelled'`).
 */
export async function generate(
  engine: Engine,
  request: GenerateRequest,
  pause: () => Promise<void>,
  signal?: AbortSignal,
  onToken?: (token: GeneratedToken) => void,
): Promise<GenerateResponse> {
  checkGenerateRequest(request);
  const ids = engine.tokenize(request.prompt, request).map((token) => token.id);
  const { limits } = engine.info;
  if (ids.length === 0) throw new StrataError('empty-prompt', 'There is no prompt to continue.');
  const refused = tooLong(ids.length, engine.info);
  if (refused) throw refused;
  // Fetched when something is written first: what is only looked at does without.
  const sample = createSampler(await import('../engine/text/library'), request, engine.info.idsWithoutText);
  const ends = new Set(engine.info.eosTokenIds);
  const tokens: GeneratedToken[] = [];
  const finished = (finish: GenerateResponse['finish']) => ({ tokens, text: writtenText(tokens), finish });
  while (tokens.length < request.maxTokens) {
    if (ids.length >= limits.tokens && tokens.length > 0) {
      return finished(limits.reason === 'memory' ? 'memory-full' : 'context-full');
    }
    await pause();
    if (signal?.aborted) return finished('cancelled');
    const logits = await engine.generateStep(ids);
    const probabilities = softmax(logits);
    const id = sample(logits);
    const best = topK(probabilities, request.alternatives);
    const [token, ...others] = engine.describe([id, ...best]);
    const generated: GeneratedToken = {
      token: token!,
      probability: probabilities[id]!,
      alternatives: others.map((other) => ({ token: other, probability: probabilities[other.id]! })),
    };
    tokens.push(generated);
    ids.push(id);
    onToken?.(generated);
    if (ends.has(id)) return finished('end-token');
  }
  return finished('length');
}
