import * as v from 'valibot';

/** Options and settings as schemas. Messages complete the sentence "The option … must be …". */

/** `true` or `false`. */
export const flag = (usual: boolean) => v.optional(v.boolean('true or false'), usual);

/** A whole number from `min` to `max`. */
export function whole(usual: number, min: number, max: number) {
  const message = `a whole number from ${min} to ${max}`;
  const valid = v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
  return v.optional(valid, usual);
}

/** A number from `min` to `max`. */
export function real(usual: number, min: number, max: number) {
  const message = `a number from ${min} to ${max}`;
  return v.optional(v.pipe(v.number(message), v.minValue(min, message), v.maxValue(max, message)), usual);
}

/** One of the given words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words, usual: Words[number]) {
  return v.optional(v.picklist(words, `one of ${words.join(', ')}`), usual as NoInfer<Words[number]>);
}

/** A whole number or one given word. */
export function wholeOr<const Word extends string>(word: Word, usual: number | Word) {
  const message = `a whole number or "${word}"`;
  return v.optional(v.union([v.pipe(v.number(), v.integer()), v.literal(word)], message), usual as Word);
}

/** At most `most` texts. */
export function texts(most: number) {
  const message = `a list of at most ${most} texts`;
  return v.optional(v.pipe(v.array(v.string(message), message), v.maxLength(most, message)), []);
}

/** A plain object with these entries; others are left out. */
export const optionsOf = <Entries extends v.ObjectEntries>(entries: Entries) => v.object(entries, 'an object');
