import { StrataError } from './errors';
import type { ModelInfo } from './model';

/** What memory says of one run: the longest prompt that fits, and how much the run needs of how much there is. */
export interface RunRoom {
  readonly fits: number;
  readonly neededMB: number;
  readonly roomMB: number;
}

/**
 * The one error for a prompt that is too long for a model; undefined where it is not.
 * @param length Tokens of the prompt.
 * @param run Where it is known what this run needs; else what memory allows any run decides.
 */
export function promptTooLong(
  length: number,
  { limits, dims }: Pick<ModelInfo, 'limits' | 'dims'>,
  run?: RunRoom,
): StrataError | undefined {
  const { n_ctx = Infinity } = dims;
  const memory = run ? run.fits : limits.reason === 'memory' ? limits.tokens : n_ctx;
  const over = length - Math.min(n_ctx, memory);
  if (over <= 0) return undefined;
  const message = `The prompt has ${length} tokens, ${over} too many: ${length - over} fit.`;
  const details = { tokens: length, ...(Number.isFinite(n_ctx) ? { n_ctx } : {}), over };
  if (memory >= n_ctx) return new StrataError('prompt-too-long', message, details);
  const fitting = { ...details, reason: 'memory', fits: memory };
  if (!run) return new StrataError('prompt-too-long', message, fitting);
  const megabytes = (value: number): string => `${value.toLocaleString('en')} MB`;
  const { neededMB, roomMB } = run;
  return new StrataError(
    'prompt-too-long',
    `A prompt of ${length} tokens needs about ${megabytes(neededMB)} beside the model, and there is room for ${megabytes(roomMB)}: about ${memory} tokens.`,
    { ...fitting, neededMB, roomMB },
  );
}
