import { bareAnswer } from '../../core/fact';
import type { Sentence, VerdictInput } from './verdict';

/** An answer that the model would write, but with other capitals than it was typed with. */
export interface Recased {
  /** As the model begins it. */
  readonly form: string;
  /** The answer field with that form accepted as well. */
  readonly answer: string;
  readonly sentence: Sentence;
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Ways in which an answer may be written: names with capitals, the first word with one, none, all. */
const forms = (answer: string): string[] => {
  const small = answer.toLowerCase();
  return [small.replace(/\p{L}[\p{L}\p{M}'’]*/gu, capital), capital(small), small, answer.toUpperCase()];
};

/** Undefined where the answer is written as typed, or where what is written is another word. */
export function recasedAnswer({ result, prepared, labels }: VerdictInput): Recased | undefined {
  const { verdict } = result;
  if (!verdict || verdict.ownAnswer || verdict.topIsAnswer) return undefined;
  const said = labels[verdict.saysId]?.text ?? '';
  const begun = said.trim();
  if (begun === '') return undefined;
  const { answers } = prepared.fact;
  for (const answer of answers) {
    const bare = bareAnswer(answer);
    if (!bare.toLowerCase().startsWith(begun.toLowerCase()) || bare.startsWith(begun)) continue;
    // The beginning of a longer word may be that of another.
    const form = forms(bare).find((one) => one.startsWith(begun));
    if (form === undefined || form === bare || answers.includes(form)) continue;
    return {
      form,
      answer: [...answers, form].join('|'),
      sentence: { key: 'verdict.recased', values: {}, chips: { says: { text: said, tone: 'plain' } } },
    };
  }
  return undefined;
}
