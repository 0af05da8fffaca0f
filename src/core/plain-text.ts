/** Longest message that is taken over from a file or from a library. */
const MESSAGE_LENGTH = 300;
const NAME_LENGTH = 80;

/** Someone else's words as one line: no control or formatting characters, and not longer than a person reads. */
export function plainText(text: string, length = MESSAGE_LENGTH): string {
  // What is cut off need not be looked at.
  const plain = text
    .slice(0, 4 * length)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return shortened(plain, length);
}

/** A name that comes from a file: nothing but plain characters may reach a message. */
export function plainName(name: string): string {
  return shortened(name.slice(0, 4 * NAME_LENGTH).replace(/[^\p{L}\p{N} ._:/\\-]/gu, '?'), NAME_LENGTH);
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
