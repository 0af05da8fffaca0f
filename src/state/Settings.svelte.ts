import * as v from 'valibot';
import { BACKENDS, type BackendChoice } from '../core/model';
import { keep, recall } from './persisted';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];
export const SIZES = ['normal', 'large'] as const;
export type SizeChoice = (typeof SIZES)[number];
const BACKEND_CHOICES: readonly BackendChoice[] = ['auto', ...BACKENDS];

/** What a person chose about the page itself; kept on the device. */
export class Settings {
  #theme = $state<ThemeChoice>(recall('theme', v.picklist(THEMES), 'system'));
  #size = $state<SizeChoice>(recall('size', v.picklist(SIZES), 'normal'));
  #presenting = $state(recall('presenting', v.boolean(), false));
  #backend = $state<BackendChoice>(recall('backend', v.picklist(BACKEND_CHOICES), 'auto'));
  #lentBackend = $state<BackendChoice | undefined>();
  #tourSeen = $state(recall('tour-seen', v.boolean(), false));
  #systemDark = $state(false);
  #rootPixels = $state(16);

  /** The theme in force. */
  readonly resolvedTheme = $derived(this.#theme === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.#theme);

  get theme(): ThemeChoice {
    return this.#theme;
  }
  set theme(value: ThemeChoice) {
    this.#theme = value;
    keep('theme', value);
    this.#apply();
  }

  get size(): SizeChoice {
    return this.#size;
  }
  set size(value: SizeChoice) {
    this.#size = value;
    keep('size', value);
    this.#apply();
  }

  /** Shown to a room: large, high in contrast, one figure at a time. */
  get presenting(): boolean {
    return this.#presenting;
  }
  set presenting(value: boolean) {
    this.#presenting = value;
    keep('presenting', value);
    this.#apply();
  }

  get backend(): BackendChoice {
    return this.#lentBackend ?? this.#backend;
  }
  set backend(value: BackendChoice) {
    this.#lentBackend = undefined;
    this.#backend = value;
    keep('backend', value);
  }

  /** What a link asks for, on this page only; the person's own choice stays. */
  lendBackend(value: BackendChoice): void {
    this.#lentBackend = value;
  }

  /** Back to the person's own choice. True when that is another. */
  giveBackBackend(): boolean {
    const lent = this.#lentBackend;
    this.#lentBackend = undefined;
    return lent !== undefined && lent !== this.#backend;
  }

  get tourSeen(): boolean {
    return this.#tourSeen;
  }
  set tourSeen(value: boolean) {
    this.#tourSeen = value;
    keep('tour-seen', value);
  }

  /** Pixels of one rem: what is measured in pixels grows with the text. */
  get rootPixels(): number {
    return this.#rootPixels;
  }

  /** Puts the choices on the document and follows the system's theme. Returns what undoes it. */
  attach(): () => void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => {
      this.#systemDark = dark.matches;
    };
    // Text sizes may depend on the window's.
    const measure = (): void => this.#measure();
    follow();
    this.#apply();
    dark.addEventListener('change', follow);
    addEventListener('resize', measure);
    return () => {
      dark.removeEventListener('change', follow);
      removeEventListener('resize', measure);
    };
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
    root.dataset['size'] = this.#size;
    root.toggleAttribute('data-presenting', this.#presenting);
    this.#measure();
  }

  #measure(): void {
    this.#rootPixels = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  }
}
