import { getContext, setContext } from 'svelte';
import {
  LANGUAGE_FACTS,
  PSEUDO_LANGUAGES,
  type Language,
  type LanguageId,
  type PseudoLanguage,
} from '../../state/Language.svelte';
import { createWords, type Messages } from '../../views/create-words';
import { setReaderLocale } from '../../views/locale';
import type { Words } from '../../views/words';
import shell from './en.json?messages';

type Load = () => Promise<Messages>;

/** Every language file but the shell's English, which is there from the start. */
const FILES = import.meta.glob<Messages>(
  ['./*.json', '!./en.json', '../*/words/*.json', '../../probes/*/words/*.json'],
  { query: '?messages', import: 'default' },
);

/** What stands on the page from the beginning. */
export const SHELL = 'shell';

/** `../ruler/words/zh.json` → room `ruler`, language `zh`; files beside this one are the shell's. */
function placeOf(path: string): { readonly room: string; readonly language: string } {
  const [, folder, language = ''] = /^(?:.*\/([\w-]+)\/words|\.)\/([\w-]+)\.json$/.exec(path) ?? [];
  return { room: folder ?? SHELL, language };
}

const LOADERS: ReadonlyMap<string, Load> = new Map(
  Object.entries(FILES).map(([path, load]) => {
    const { room, language } = placeOf(path);
    return [`${room} ${language}`, load];
  }),
);

function isPseudo(language: LanguageId): language is PseudoLanguage {
  return PSEUDO_LANGUAGES.some((one) => one === language);
}

/**
 * The page's words. A room (the folder that holds a `words/`: a probe, a dialog) is fetched when it is first needed,
 * and in another language when that is chosen; what a language lacks stands in English.
 */
export class Catalogues {
  /** By language, then all rooms' messages in one: keys begin with their room. */
  readonly #messages = new Map<LanguageId, Messages>([['en', shell]]);
  readonly #loads = new Map<string, Promise<void>>();
  readonly #rooms = new Set<string>([SHELL]);
  readonly #done = new Set<string>([`${SHELL} en`]);
  #spoken = $state<LanguageId>('en');
  /** Read by every message, so that what arrived late is shown. */
  #arrived = $state(0);
  #wanted: LanguageId = 'en';

  /** For everything below the page; follows the language. */
  readonly words: Words;

  /** @param language what a person chose; {@link speak} puts it into force. */
  constructor(readonly language: Language) {
    this.words = createWords({
      locale: () => LANGUAGE_FACTS[this.#spoken].locale,
      message: (key) => {
        void this.#arrived;
        return this.#messages.get(this.#spoken)?.[key] ?? this.#messages.get('en')?.[key];
      },
    });
  }

  /** The language the page stands in. */
  get spoken(): LanguageId {
    return this.#spoken;
  }

  /**
   * Fetches the words of rooms: their English, and the language in force.
   * @throws Error when there is no such room, or its English cannot be fetched.
   */
  async need(...rooms: readonly string[]): Promise<void> {
    for (const room of rooms) this.#rooms.add(room);
    await Promise.all(rooms.map((room) => this.#load(room, this.#wanted)));
  }

  /** Whether the words of these rooms are there, so that nothing needs to be waited for. */
  has(...rooms: readonly string[]): boolean {
    void this.#arrived;
    return rooms.every((room) => this.#done.has(`${room} ${this.#spoken}`));
  }

  /** Puts the page into another language, once the words of every room that was needed are there. The last call wins. */
  async speak(language: LanguageId): Promise<void> {
    this.#wanted = language;
    await Promise.all([...this.#rooms].map((room) => this.#load(room, language)));
    if (this.#wanted !== language) return;
    this.#spoken = language;
    const { locale, dir } = LANGUAGE_FACTS[language];
    setReaderLocale(locale);
    if (typeof document === 'undefined') return;
    document.documentElement.lang = locale;
    document.documentElement.dir = dir;
  }

  #load(room: string, language: LanguageId): Promise<void> {
    const key = `${room} ${language}`;
    const begun = this.#loads.get(key) ?? this.#fetch(room, language);
    this.#loads.set(key, begun);
    // What failed may be tried again.
    begun.catch(() => this.#loads.delete(key));
    return begun;
  }

  async #fetch(room: string, language: LanguageId): Promise<void> {
    if (language !== 'en') await this.#load(room, 'en');
    const messages = await this.#read(room, language);
    this.#messages.set(language, { ...this.#messages.get(language), ...messages });
    this.#done.add(`${room} ${language}`);
    this.#arrived += 1;
  }

  async #read(room: string, language: LanguageId): Promise<Messages> {
    const english = LOADERS.get(`${room} en`);
    if (room !== SHELL && !english) throw new Error(`There are no words for ${room}.`);
    if (language === 'en') return english?.() ?? shell;
    if (!isPseudo(language)) {
      // A language that has not come to this room, or cannot be fetched now, leaves it in English.
      const load = LOADERS.get(`${room} ${language}`);
      return (await load?.().catch(() => undefined)) ?? {};
    }
    const [{ pseudo }, original] = await Promise.all([import('./pseudo'), english?.() ?? shell]);
    return pseudo(original, language);
  }
}

const KEY = Symbol('catalogues');

export function provideCatalogues(catalogues: Catalogues): void {
  setContext(KEY, catalogues);
}

/** @throws Error outside a tree that called {@link provideCatalogues}. */
export function useCatalogues(): Catalogues {
  const catalogues = getContext<Catalogues | undefined>(KEY);
  if (!catalogues) throw new Error('No catalogues were provided above this component.');
  return catalogues;
}
