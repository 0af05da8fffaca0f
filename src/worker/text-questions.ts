import { StrataError } from '../core/errors';
import type { Fact, PreparedFact, Token } from '../core/fact';
import type { Engine } from '../engine/engine';

/** What answers questions about text: a loaded model, or its tokenizer alone. */
export type TextReader = Pick<Engine, 'tokenize' | 'prepare' | 'describe'>;

/** A high surrogate without its low one, or the reverse: no tokenizer can read it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @throws StrataError `invalid-text` naming the field. */
export function checkText(text: string, field: string): void {
  const index = text.search(LONE_SURROGATE);
  if (index < 0) return;
  const details = { field, index };
  throw new StrataError('invalid-text', `The ${field} holds half a character at position ${index + 1}.`, details);
}

function checkFact(fact: Fact): void {
  if (fact.prompt.length === 0) throw new StrataError('empty-prompt', 'There is no prompt.');
  checkText(fact.prompt, 'prompt');
  fact.answers.forEach((answer) => checkText(answer, 'answer'));
  if (fact.foil !== undefined) checkText(fact.foil, 'foil');
}

/** The questions about text that no run is needed for, wherever they are answered. */
export const TEXT_QUESTIONS = {
  /** @throws StrataError `invalid-text`. */
  tokenize(reader: TextReader, text: string): readonly Token[] {
    checkText(text, 'prompt');
    return reader.tokenize(text);
  },
  /** @throws StrataError `empty-prompt`, `invalid-text`, `answer-not-continuation`. */
  prepare(reader: TextReader, fact: Fact): PreparedFact {
    checkFact(fact);
    return reader.prepare(fact);
  },
  /** @throws StrataError `invalid-request` for ids outside the vocabulary. */
  describe(reader: TextReader, ids: readonly number[]): readonly Token[] {
    return reader.describe(ids);
  },
} as const;
