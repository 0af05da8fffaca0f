import { StrataError } from '../core/errors';
import type { ModelInfo } from '../core/model';

/** What is said of a prompt of `length` tokens, where that is more than the model reads or than memory allows. */
export function tooLong(length: number, { limits, dims }: Pick<ModelInfo, 'limits' | 'dims'>): StrataError | undefined {
  const over = length - limits.tokens;
  if (over <= 0) return undefined;
  const details = { tokens: length, n_ctx: dims.n_ctx, over };
  const memory = limits.reason === 'memory' ? { reason: 'memory', fits: limits.tokens } : {};
  const many = over === 1 ? '1 token' : `${over} tokens`;
  return new StrataError('prompt-too-long', `The prompt has ${many} too many for this model.`, {
    ...details,
    ...memory,
  });
}
