import { StrataError, type ErrorDetails, type UnsupportedReason } from '../core/errors';
import { plainName } from '../core/plain-text';

const WHY: Readonly<Record<UnsupportedReason, string>> = {
  vision: 'it looks at pictures',
  audio: 'it listens to sound',
  'encoder-decoder': 'its decoder needs an encoder beside it',
  vectors: 'it starts from vectors instead of tokens',
  input: 'it wants an input that Strata cannot fill',
  'fixed-length': 'it is made for one number of tokens, while prompts have any',
  'no-tokens': 'its file takes no token ids',
  'no-logits': 'its file gives no score for every token of a vocabulary',
  'no-vocabulary': 'neither the file nor config.json says how large its vocabulary is',
  bidirectional: 'it reads in both directions, so it predicts no next token',
  'fixed-cache': 'its cache has a fixed length and cannot be empty',
  operator: 'it uses an operator that Strata does not run',
  'operator-set': 'it uses operators of a set that the runtime does not have',
  'own-operator': 'it brings its own version of a standard operator',
  attribute: 'one of its operators has an attribute that the runtime does not know',
};

/** A sound file that is no decoder to look into. @param seenBy Name in the file that shows it. */
export function unsupported(reason: UnsupportedReason, seenBy?: string): StrataError {
  const input = seenBy === undefined ? undefined : plainName(seenBy);
  const details: ErrorDetails = input === undefined ? { reason } : { reason, input };
  const seen = input === undefined ? '' : ` (“${input}”)`;
  return new StrataError('unsupported-model', `The model cannot be looked into: ${WHY[reason]}${seen}.`, details);
}
