import * as v from 'valibot';
import { keep, recall } from './persisted';

/** The languages the page speaks, under the names of their files; English is what the others are translated from. */
export const LANGUAGES = ['en', 'zh'] as const;
/** Languages that only look for faults: one longer and accented, one written from right to left. No menu offers them. */
export const PSEUDO_LANGUAGES = ['en-XA', 'ar-XB'] as const;
export type PseudoLanguage = (typeof PSEUDO_LANGUAGES)[number];
export type LanguageId = (typeof LANGUAGES)[number] | PseudoLanguage;
export type LanguageChoice = 'system' | LanguageId;

/** A language's own name, its tag (BCP 47), and which way it runs. */
export const LANGUAGE_FACTS: Readonly<
  Record<LanguageId, { readonly name: string; readonly locale: string; readonly dir: 'ltr' | 'rtl' }>
> = {
  en: { name: 'English', locale: 'en', dir: 'ltr' },
  zh: { name: '中文', locale: 'zh-Hans', dir: 'ltr' },
  'en-XA': { name: 'en-XA', locale: 'en-XA', dir: 'ltr' },
  'ar-XB': { name: 'ar-XB', locale: 'ar-XB', dir: 'rtl' },
};

const CHOICES: readonly LanguageChoice[] = ['system', ...LANGUAGES, ...PSEUDO_LANGUAGES];

/** The first of a reader's languages that the page speaks; who reads traditional characters is given English. */
export function spoken(wanted: readonly string[]): LanguageId {
  for (const tag of wanted) {
    let locale: Intl.Locale;
    try {
      locale = new Intl.Locale(tag).maximize();
    } catch {
      continue;
    }
    if (locale.language === 'en') return 'en';
    if (locale.language === 'zh' && locale.script === 'Hans') return 'zh';
  }
  return 'en';
}

/** Which language a person reads the page in; kept on the device. */
export class Language {
  #choice = $state<LanguageChoice>(recall<LanguageChoice>('language', v.picklist(CHOICES), 'system'));
  #system = $state.raw<readonly string[]>(globalThis.navigator?.languages ?? []);

  /** The language in force. */
  readonly id: LanguageId = $derived(this.#choice === 'system' ? spoken(this.#system) : this.#choice);

  get choice(): LanguageChoice {
    return this.#choice;
  }
  set choice(value: LanguageChoice) {
    this.#choice = value;
    keep('language', value);
  }

  /** Follows the system's languages. Returns what ends that. */
  attach(): () => void {
    const follow = (): void => {
      this.#system = navigator.languages;
    };
    follow();
    addEventListener('languagechange', follow);
    return () => removeEventListener('languagechange', follow);
  }
}
