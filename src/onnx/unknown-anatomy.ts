import { StrataError } from '../core/errors';
import { missingReason, type MissingCode, type ReasonDetails } from '../core/missing-reasons';
import { missingSentence } from '../core/missing-sentences';

/** A part of the decoder without which nothing of its inside can be told was looked for and not found. */
export function unknownAnatomy(code: MissingCode, details: ReasonDetails = {}): StrataError {
  const sentence = missingSentence(missingReason(code, details));
  const message = `${sentence[0]!.toUpperCase()}${sentence.slice(1)}.`;
  return new StrataError('unknown-anatomy', message, { reason: code, ...details });
}
