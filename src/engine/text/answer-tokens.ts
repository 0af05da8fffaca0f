import { StrataError } from '../../core/errors';
import { typedAnswer, type AnswerTokens, type Gap, type Token } from '../../core/fact';
import { usualGap } from '../../core/join-answer';

type Ids = readonly number[];

/** What a tokenizer must be able to do for answers to be put behind a prompt. */
export interface AnswerReader {
  /** The prompt as it is fed. */
  readonly prompt: Ids;
  readonly promptText: string;
  /** What is fed for the prompt with these characters behind it. */
  fedWith(answer: string): Ids;
  /** Ids of an answer by itself, without anything that the tokenizer adds. */
  alone(answer: string): Ids;
  describe(ids: Ids): Token[];
  /** The answer as a chat template has the model say it; absent for a prompt that is text. */
  readonly inTemplate?: (answer: string) => string;
}

/**
 * An answer as what follows the prompt (docs/definitions.md, “Answer tokens”). What was typed with its own space, or in
 * quotes, joins so; otherwise the usual join comes first, with the other one beside it where both leave a choice.
 * @throws StrataError `answer-not-continuation`.
 */
export function answerTokens(typed: string, reader: AnswerReader): AnswerTokens {
  const { text, exact } = typedAnswer(typed);
  const { promptText, inTemplate } = reader;
  if (text.trim() === '') throw notContinuing(typed);
  if (exact) return joined(typed, text, reader);
  if (inTemplate) return joined(typed, inTemplate(text), reader);
  const gap = usualGap(promptText, text);
  const usual = { ...joined(typed, gap + text, reader), gap };
  // A second space would be no other way to join.
  if (/\s$/u.test(promptText)) return usual;
  const other = otherJoin(typed, text, gap === '' ? ' ' : '', reader);
  return other && !usual.apart ? { ...usual, other } : usual;
}

function otherJoin(typed: string, text: string, gap: Gap, reader: AnswerReader): AnswerTokens | undefined {
  try {
    const other = { ...joined(typed, gap + text, reader), gap };
    return other.apart ? undefined : other;
  } catch {
    // It is no continuation, so there is no choice.
    return undefined;
  }
}

function joined(typed: string, answer: string, { prompt, fedWith, alone, describe }: AnswerReader): AnswerTokens {
  const whole = fedWith(answer);
  let promptLength = 0;
  while (promptLength < prompt.length && whole[promptLength] === prompt[promptLength]) promptLength++;
  if (whole.length - promptLength === 0) throw notContinuing(typed);
  if (promptLength > 0) {
    const tokens = describe(whole.slice(promptLength));
    return { text: typed, tokens, seamChanged: promptLength < prompt.length, promptLength };
  }
  // Nothing stands before the first token that could foretell it. The prompt keeps its own tokens.
  const own = whole.length > 1 ? alone(answer) : [];
  if (own.length === 0) throw notContinuing(typed);
  return { text: typed, tokens: describe(own), seamChanged: false, promptLength: prompt.length, apart: true };
}

function notContinuing(answer: string): StrataError {
  const message = `“${answer}” does not continue the prompt in this model's tokens.`;
  return new StrataError('answer-not-continuation', message, { answer });
}
