import type { Token } from './fact';

/** How the model is to write on. */
export interface WriteOptions {
  readonly maxTokens: number;
  /** 0 = greedy. */
  readonly temperature: number;
  /** 0 = off. */
  readonly topK: number;
  /** 1 = off. */
  readonly topP: number;
  readonly seed: number;
  /** Alternatives reported per step. */
  readonly alternatives: number;
  /** Tokens at the end of the text that were written before with the same seed: the draws go on after them. */
  readonly written?: number;
}

export interface GeneratedToken {
  readonly token: Token;
  readonly probability: number;
  /** The most probable tokens at this step under the model's own distribution (temperature 1), best first. */
  readonly alternatives: readonly { readonly token: Token; readonly probability: number }[];
}

/** Why writing ended. `memory-full`: the model reads more, but there is no memory for it here. */
export type WriteFinish = 'length' | 'end-token' | 'context-full' | 'memory-full';
