import { writtenText } from '../../../core/written-text';
import type { GeneratedToken, WriteFinish } from '../../../core/writing';
import type { FigureWork } from '../../../views/figure-entry';
import type { ContinuationResult } from '../meta';

/** A text the model wrote, and what it was asked. */
export interface Written {
  readonly prompt: string;
  readonly tokens: readonly GeneratedToken[];
  readonly text: string;
  /** Absent while it is being written, and where an error ended it. */
  readonly finish: WriteFinish | 'cancelled' | undefined;
}

/** What was written last, or is being written; undefined before anything was. */
export function writtenOf({
  soFar,
  latest,
}: Pick<FigureWork<GeneratedToken, ContinuationResult>, 'soFar' | 'latest'>): Written | undefined {
  if (!soFar) return undefined;
  const { fact, parts, ended } = soFar;
  const result = ended === 'done' ? latest?.response.result : undefined;
  return {
    prompt: fact?.prompt ?? '',
    tokens: parts,
    text: result?.text ?? writtenText(parts),
    finish: result?.finish ?? (ended === 'stopped' ? 'cancelled' : undefined),
  };
}

/**
 * The text that a written token follows: asked as a prompt, it has that token for its own answer. Undefined where it
 * holds what cannot be typed, a sign of the model's own or half a character.
 */
export function textBefore({ prompt, tokens }: Pick<Written, 'prompt' | 'tokens'>, index: number): string | undefined {
  const before = tokens.slice(0, index);
  const text = writtenText(before);
  const bytes = before.reduce((sum, { token }) => sum + token.bytes.length, 0);
  const whole = new TextEncoder().encode(text).length === bytes && before.every(({ token }) => !token.special);
  return whole ? prompt + text : undefined;
}
