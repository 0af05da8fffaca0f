/** How a prompt is put to the model: as text to go on with, or as what a person says in the model's chat template. */
export const PROMPT_FORMS = ['text', 'chat'] as const;
export type PromptForm = (typeof PROMPT_FORMS)[number];

/** How a text becomes what the model is fed. */
export interface PromptOptions {
  /** Absent: `text`. */
  readonly form?: PromptForm;
  /** Whether the token that begins a text stands in front. Absent: as the tokenizer, or the chat template, does. */
  readonly bos?: boolean;
}

/** A record with a hole: the prompt is the text before the hole. */
export interface Fact extends PromptOptions {
  readonly prompt: string;
  /** Accepted answers, as typed ({@link typedAnswer}); the first is the canonical one. May be empty: then the model's own answer is used. */
  readonly answers: readonly string[];
  readonly foil?: string;
  /** Character range `[start, end)` of the subject in the prompt. */
  readonly subject?: readonly [number, number];
}

const QUOTED = /^\s*(?:"(.+)"|“(.+)”)\s*$/su;

/** An answer or a foil as it was typed. */
export interface TypedAnswer {
  readonly text: string;
  /** It joins the prompt as it stands: it was typed in quotes, or with the space that goes before it. */
  readonly exact: boolean;
}

/** Reads what was typed: quotes hold the very characters that follow the prompt, and so does a space in front. */
export function typedAnswer(typed: string): TypedAnswer {
  const quoted = QUOTED.exec(typed);
  if (quoted) return { text: quoted[1] ?? quoted[2]!, exact: true };
  return { text: typed.trimEnd(), exact: /^\s/u.test(typed) };
}

/** An answer's own words, as they are compared and shown. */
export const bareAnswer = (typed: string): string => typedAnswer(typed).text.trim();

/** One alternative, which may be in quotes and then hold the mark that parts it from the next. */
const ALTERNATIVE = /\s*(?:"[^"]+"|“[^”]+”)\s*(?=\||$)|[^|]+/gsu;

/**
 * Splits the Answer field: accepted answers are separated by `|`; blanks are dropped. Each stays as it was typed
 * ({@link typedAnswer}); spaces on both sides of the mark belong to the mark.
 */
export function parseAnswers(field: string): string[] {
  const parts = [...field.matchAll(ALTERNATIVE)].map(([part]) => part);
  return parts
    .map((part, nth) => (nth > 0 && /\s$/u.test(parts[nth - 1]!) ? part.trim() : part.trimEnd()))
    .filter((answer) => answer.trim().length > 0);
}

/** A fact as it stands in the fields. */
export interface FactFields {
  readonly prompt: string;
  readonly answer: string;
  readonly foil: string;
  readonly subject?: readonly [number, number] | undefined;
  /** Absent: as text. */
  readonly form?: PromptForm | undefined;
  /** Whether the token that begins a text stands in front; absent: as the tokenizer or the chat template has it. */
  readonly bos?: boolean | undefined;
}

/** Text, as typed, to a fact. */
export function factOf({ prompt, answer, foil, subject, form, bos }: FactFields): Fact {
  return {
    prompt,
    answers: parseAnswers(answer),
    ...(foil.trim() ? { foil: foil.trimEnd() } : {}),
    ...(subject ? { subject } : {}),
    ...promptOptions({ form, bos }),
  };
}

/** What is asked for, without what is as usual. */
export function promptOptions({ form, bos }: Pick<FactFields, 'form' | 'bos'>): PromptOptions {
  return { ...(form ? { form } : {}), ...(bos === undefined ? {} : { bos }) };
}

/** A fact as a person would type it; {@link factOf} reads it back. */
export function fieldsOf({ prompt, answers, foil = '', subject, ...options }: Fact): FactFields {
  return { prompt, answer: answers.join('|'), foil, ...(subject ? { subject } : {}), ...promptOptions(options) };
}

/** One token of a text. */
export interface Token {
  readonly id: number;
  /** The token's own text; a lone part of a split character is shown as its bytes, e.g. `⟨E6⟩`. */
  readonly text: string;
  /** Raw bytes (UTF-8) of the token; a split character spreads over several tokens. */
  readonly bytes: readonly number[];
  /** Character range `[start, end)` in the prompt; empty for special tokens. */
  readonly start: number;
  readonly end: number;
  readonly special: boolean;
}

/** How to show tokens of the vocabulary, by id. */
export type Labels = Readonly<Record<number, Token>>;

/** How a token of the vocabulary is shown: as its label says, else by its id. */
export function shownToken(labels: Labels, id: number): Pick<Token, 'text' | 'special'> {
  return labels[id] ?? { text: `⟨${id}⟩`, special: false };
}

/** Tokens of one accepted answer (or the foil) as a continuation of the prompt. */
export interface AnswerTokens {
  readonly text: string;
  /** The continuation's tokens: tokenisation of prompt+answer minus that of the prompt. */
  readonly tokens: readonly Token[];
  /** True when the answer changes the prompt's own last tokens at the seam; then probing uses the joined tokens. */
  readonly seamChanged: boolean;
  /** How many of the prompt's tokens stand before the continuation: all of them unless `seamChanged`. */
  readonly promptLength: number;
  /** What was put between prompt and answer; absent where it was typed with the answer, or a template has it. */
  readonly gap?: Gap;
  /** The same answer joined the other way: the model's own preference decides. Absent once it has, and where there is no choice. */
  readonly other?: Omit<AnswerTokens, 'other'>;
  /** The model was asked which way it prefers. */
  readonly preferred?: true;
  /** Together they would be one token without any before it, so the answer stands apart from the prompt's own tokens. */
  readonly apart?: true;
}

/** What may stand between a prompt and an answer that was typed without a space in front. */
export type Gap = '' | ' ';

/** A fact in the model's tokens. */
export interface PreparedFact {
  readonly fact: Fact;
  readonly tokens: readonly Token[];
  readonly answers: readonly AnswerTokens[];
  readonly foil?: AnswerTokens;
  /** Token positions of the subject, when known. */
  readonly subjectPositions: readonly number[];
  /**
   * True when it is not known which characters the tokens stand for (a normaliser changed the text in a way that cannot
   * be followed): then no token has a range and no position is the subject's.
   */
  readonly rangesUnknown?: true;
  /** How the prompt was put; absent: as text, also where the model has no chat template. */
  readonly form?: PromptForm;
  /** Whether the token that begins a text stands in front, typed or added; absent where the model has none. */
  readonly bosInFront?: boolean;
  /** True when no answer was given and `answers` holds the model's own next token. */
  readonly ownAnswer?: true;
  /** How many tokens the prompt has beyond `ModelInfo.limits`; 0 when it fits. Nothing is cut. */
  readonly tokensOver: number;
}

/**
 * Token position whose next token is the answer: the last one, or earlier when the canonical answer changes
 * the prompt's own last tokens (attention is causal, so what stands after it does not matter).
 */
export function answerPosition(prepared: PreparedFact): number {
  return (prepared.answers[0]?.promptLength ?? prepared.tokens.length) - 1;
}

/**
 * First-token ids of the accepted answers at {@link answerPosition}, without repeats. Their probabilities add up
 * for "p(answer)". Answers that join the prompt at another token than the canonical one are left out.
 */
export function answerIds(prepared: PreparedFact): number[] {
  const length = answerPosition(prepared) + 1;
  const joined = prepared.answers.filter((answer) => answer.promptLength === length);
  return [...new Set(joined.flatMap((answer) => answer.tokens.slice(0, 1).map((token) => token.id)))];
}

/** First-token id of the foil, if a foil was given and it joins the prompt where the answer does. */
export function foilId(prepared: PreparedFact): number | undefined {
  const foil = prepared.foil;
  return foil?.promptLength === answerPosition(prepared) + 1 ? foil.tokens[0]?.id : undefined;
}

/** The fact with its answers and its foil typed as they were joined, so that other prompts are joined alike. */
export function asJoined({ fact, answers, foil }: PreparedFact): Fact {
  const exactly = ({ text, gap }: AnswerTokens): string => (gap === undefined ? text : `"${gap}${text}"`);
  return { ...fact, answers: answers.map(exactly), ...(foil ? { foil: exactly(foil) } : {}) };
}

/** An accepted answer, or the foil, that cannot be looked at as it was typed. */
export interface LeftOut {
  readonly text: string;
  readonly role: 'answer' | 'foil';
  /**
   * `seam`: it joins the prompt at another token than the canonical answer and is not looked for at all.
   * `too-long`: after the prompt it does not fit; its first token alone counts.
   */
  readonly reason: 'seam' | 'too-long';
}

/**
 * What {@link answerIds}, {@link foilId} and teacher forcing pass over, in the order it was typed.
 * @param limit Most tokens of one run.
 */
export function leftOut(prepared: PreparedFact, limit: number): LeftOut[] {
  const length = answerPosition(prepared) + 1;
  const answers = prepared.answers.flatMap(({ text, tokens, promptLength }): LeftOut[] => {
    if (promptLength !== length) return [{ text, role: 'answer', reason: 'seam' }];
    // The last token of an answer is never read, only predicted.
    return length + tokens.length - 1 > limit ? [{ text, role: 'answer', reason: 'too-long' }] : [];
  });
  const { foil } = prepared;
  return foil && foil.promptLength !== length
    ? [...answers, { text: foil.text, role: 'foil', reason: 'seam' }]
    : answers;
}
