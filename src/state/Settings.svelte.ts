import { BACKENDS, type BackendChoice } from '../core/model';
import { keep, recall } from './persisted';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];
export const SIZES = ['normal', 'large'] as const;
export type SizeChoice = (typeof SIZES)[number];
const BACKEND_CHOICES: readonly BackendChoice[] = ['auto', ...BACKENDS];

function oneOf<T extends string>(choices: readonly T[]): (value: unknown) => T | undefined {
  return (value) => choices.find((choice) => choice === value);
}

/** What a person chose about the page itself; kept on the device. */
export class Settings {
  #theme = $state<ThemeChoice>(recall('theme', oneOf(THEMES), 'system'));
  #size = $state<SizeChoice>(recall('size', oneOf(SIZES), 'normal'));
  #backend = $state<BackendChoice>(recall('backend', oneOf(BACKEND_CHOICES), 'auto'));
  #tourSeen = $state(recall('tour-seen', (value) => value === true, false));
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

  get backend(): BackendChoice {
    return this.#backend;
  }
  set backend(value: BackendChoice) {
    this.#backend = value;
    keep('backend', value);
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
    const media = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => {
      this.#systemDark = media.matches;
    };
    follow();
    this.#apply();
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.#theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.#theme;
    root.dataset['size'] = this.#size;
    this.#rootPixels = parseFloat(getComputedStyle(root).fontSize) || 16;
  }
}
