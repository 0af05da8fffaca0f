import { createSubscriber } from 'svelte/reactivity';

/**
 * The language that numbers on this page are written in. A document has one reader, so this is a value of the module;
 * what reads it in a template or `$derived` is written anew when it changes.
 */
let locale = 'en';
let changed: (() => void) | undefined;

const subscribe = createSubscriber((update) => {
  changed = update;
  return () => (changed = undefined);
});

/** BCP 47 tag. */
export function readerLocale(): string {
  subscribe();
  return locale;
}

export function setReaderLocale(tag: string): void {
  if (tag === locale) return;
  locale = tag;
  changed?.();
}
