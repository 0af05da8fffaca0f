import { LANGUAGE_FACTS, type LanguageId } from '../../state/Language.svelte';

const PAGES = import.meta.glob<string>(['../../probes/*/help/*.md', '../*/help/*.md'], {
  query: '?raw',
  import: 'default',
});

export interface HelpPage {
  /** The page as Markdown. */
  readonly load: () => Promise<string>;
  /** The language it is written in, as a tag. */
  readonly lang: string;
}

/** Help on a figure or dialog, by the name of its folder: in the reader's language, else in English. */
export function helpPage(topic: string, language: LanguageId): HelpPage | undefined {
  for (const one of [language, 'en'] as const) {
    const load = PAGES[`../../probes/${topic}/help/${one}.md`] ?? PAGES[`../${topic}/help/${one}.md`];
    if (load) return { load, lang: LANGUAGE_FACTS[one].locale };
  }
  return undefined;
}
