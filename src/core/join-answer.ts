import { typedAnswer, type Gap } from './fact';

/** Scripts written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303f\uff00-\uffef]/u;
/** After these a word follows at once: opening brackets and quotes, apostrophes, a hyphen that hangs on a word. */
const OPEN_END = /([\p{Ps}\p{Pi}'’/\\@#_]|\S\p{Pd})$/u;
/** These never have a space before them. */
const CLOSED_START = /^[\p{Pe}\p{Pf}.,;:!?%…'’]/u;

/** What usually stands between a prompt and an answer: a space where the language writes one. */
export function usualGap(prompt: string, answer: string): Gap {
  const last = Array.from(prompt).at(-1) ?? '';
  const first = Array.from(answer)[0] ?? '';
  const joined =
    last === '' ||
    /\s/u.test(last) ||
    /\s/u.test(first) ||
    OPEN_END.test(prompt) ||
    (last === '"' && prompt.split('"').length % 2 === 0) ||
    CLOSED_START.test(answer) ||
    (UNSPACED.test(last) && UNSPACED.test(first));
  return joined ? '' : ' ';
}

/** Prompt and answer as one text, as they are read. */
export const joinAnswer = (prompt: string, answer: string): string => prompt + usualGap(prompt, answer) + answer;

/** An answer as it is read behind its prompt: ` Paris`, but `une` after an apostrophe. */
export function asContinuation(prompt: string, typed: string): string {
  const { text, exact } = typedAnswer(typed);
  return exact ? text : usualGap(prompt, text) + text;
}
