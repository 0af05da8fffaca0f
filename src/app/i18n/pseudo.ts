import type { PseudoLanguage } from '../../state/Language.svelte';
import type { CompiledMessage } from '../../views/compile-messages';
import type { Messages } from '../../views/create-words';

type Syntax = Exclude<CompiledMessage, string>;
type Element = Syntax[number];

const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ACCENTED = [...'åƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ'];
/** Most languages need more room than English; short words grow most. */
const GROWTH = 0.35;

/** What a message is put between, so that a sentence put together from pieces, or cut, is seen. */
export const PSEUDO_MARKS = { start: '⟦', end: '⟧', valueStart: '\u2068', valueEnd: '\u2069' } as const;

function accented(text: string): string {
  return [...text].map((letter) => ACCENTED[PLAIN.indexOf(letter)] ?? letter).join('');
}

/** Hebrew letters in place of ours run from right to left, as nothing in the original does. */
function mirrored(text: string): string {
  return [...text]
    .map((letter) => {
      const at = PLAIN.indexOf(letter) % 26;
      return at < 0 ? letter : String.fromCodePoint(0x5d0 + at);
    })
    .join('');
}

function changed(element: Element, change: (text: string) => string): Element[] {
  // 0: text; 5 and 6: a choice of messages; the rest are values, set apart so that their script mixes with no other.
  if (element.type === 0) return [{ ...element, value: change(element.value) }];
  if (element.type === 5 || element.type === 6) {
    const options = Object.entries(element.options).map(([name, option]) => [
      name,
      { ...option, value: option.value.flatMap((one) => changed(one, change)) },
    ]);
    return [{ ...element, options: Object.fromEntries(options) } as Element];
  }
  const text = (value: string): Element => ({ type: 0, value });
  return [text(PSEUDO_MARKS.valueStart), element, text(PSEUDO_MARKS.valueEnd)];
}

function lengthOf(syntax: Syntax): number {
  return syntax.reduce((sum, element) => {
    if (element.type === 0) return sum + element.value.length;
    if (element.type !== 5 && element.type !== 6) return sum;
    return sum + Math.max(...Object.values(element.options).map((option) => lengthOf(option.value)));
  }, 0);
}

function one(message: CompiledMessage, language: PseudoLanguage): CompiledMessage {
  const syntax: Syntax = typeof message === 'string' ? [{ type: 0, value: message }] : message;
  const more = Math.ceil(lengthOf(syntax) * GROWTH);
  // As many words as a sentence has, so that lines can break.
  const padding = ` ${'~'.repeat(more).replace(/~{7}(?=~)/g, '$& ')}`;
  const long = language === 'en-XA';
  const inner = syntax.flatMap((element) => changed(element, long ? accented : mirrored));
  return [
    { type: 0, value: PSEUDO_MARKS.start },
    ...inner,
    { type: 0, value: (long ? padding : '') + PSEUDO_MARKS.end },
  ];
}

/** English made strange: `⟦Ţĥé çåþîţåļ ~~~~⟧`, or in letters that run from right to left. */
export function pseudo(messages: Messages, language: PseudoLanguage): Messages {
  return Object.fromEntries(Object.entries(messages).map(([key, message]) => [key, one(message, language)]));
}
