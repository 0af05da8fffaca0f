import { ModelClient } from '../../client/model-client';
import type { ErrorRecord } from '../../core/errors';
import type { BackendChoice, ModelChoice } from '../../core/model';
import { DEFAULT_CHOICE } from '../../models/choices';
import { ModelSession } from '../../state/ModelSession.svelte';
import type { Settings } from '../../state/Settings.svelte';
import type { WordKey } from '../../views/words';
import { webGpuAtFault } from '../shell/backend-trouble';
import { Models } from './Models.svelte';

/** What happens on the rest of the page when the model changes. */
export interface ModelEvents {
  /** Another model is chosen: layers and heads of the one before mean nothing in it. */
  left(): void;
  /** A model is about to be opened; also the same one again. */
  opening(choice: ModelChoice): void;
  opened(): Promise<void>;
  /** Something to say that does not stand in the way. */
  note(key: WordKey): void;
}

/** The model on the page: which one was chosen, whether it could be opened, and what answers when it could not. */
export class ModelDesk {
  readonly api: ModelClient;
  readonly session: ModelSession;
  readonly models = new Models((choice) => void this.choose(choice));
  /** The model chosen last could not be opened; the one before it answers on. */
  failure = $state.raw<{ readonly choice: ModelChoice; readonly error: ErrorRecord } | undefined>();
  #choice = $state.raw<ModelChoice>(DEFAULT_CHOICE);
  /** The choice that was loaded last without trouble. */
  #working = $state.raw<ModelChoice | undefined>();
  /** The backend asked for when the model was opened, and when the last one without trouble was. */
  #openedOn: BackendChoice | undefined;
  #workingOn: BackendChoice | undefined;
  readonly #settings: Settings;
  readonly #events: ModelEvents;

  constructor(settings: Settings, events: ModelEvents) {
    this.#settings = settings;
    this.#events = events;
    this.api = new ModelClient({
      root: new URL('.', document.baseURI).href,
      onRestart: (event) => this.session.restarted(event),
    });
    this.session = new ModelSession(this.api);
  }

  /** The model that answers, or is being opened. */
  get choice(): ModelChoice {
    return this.#choice;
  }

  /** Another model that can answer when the one being opened is given up; undefined on a first visit. */
  get fallback(): ModelChoice | undefined {
    const other = this.#working ?? DEFAULT_CHOICE;
    return other.id === this.#choice.id ? undefined : other;
  }

  get name(): string {
    return this.session.info?.name ?? this.#choice.name;
  }

  /** It answers already, on the backend that is wanted now. */
  answersAs(choice: ModelChoice): boolean {
    return choice.id === this.#choice.id && this.#settings.backend === this.#openedOn;
  }

  /** The first model of a visit; a backend that was at fault is given up. */
  async first(choice: ModelChoice): Promise<void> {
    await this.choose(choice);
    const { status } = this.session;
    if (status.kind === 'failed' && webGpuAtFault(status.error, this.#settings.backend)) {
      this.#settings.backend = 'auto';
      this.#events.note('note.backend-forgotten');
      await this.choose(choice);
    }
    await this.models.refresh();
  }

  /**
   * Opens a model in place of the current one; what was typed stays. When it cannot be opened, the page says why and
   * goes back to the one before.
   */
  async choose(choice: ModelChoice): Promise<void> {
    if (choice.id !== this.#choice.id) this.#events.left();
    this.failure = undefined;
    await this.#open(choice);
    let error = this.#failureOf(choice);
    if (error && error.code !== 'cancelled' && this.#settings.giveBackBackend()) {
      this.#events.note('share.backend');
      await this.#open(choice);
      error = this.#failureOf(choice);
    }
    const { fallback } = this;
    if (!error || !fallback) return;
    if (error.code !== 'cancelled') this.failure = { choice, error };
    this.#events.left();
    if (!(await this.#back(fallback))) await this.#open(fallback);
  }

  /** The model before, where it is still there: a file that could not be opened has not touched it. */
  async #back(choice: ModelChoice): Promise<boolean> {
    const before = this.#working?.id === choice.id && this.session.back();
    if (!before) return false;
    this.#choice = choice;
    this.models.current = choice;
    this.#openedOn = this.#workingOn;
    this.#events.opening(choice);
    await this.#events.opened();
    return true;
  }

  /** Why the model that is wanted could not be opened. */
  #failureOf(choice: ModelChoice): ErrorRecord | undefined {
    const { status } = this.session;
    return status.kind === 'failed' && this.#choice === choice ? status.error : undefined;
  }

  async #open(choice: ModelChoice): Promise<void> {
    this.#choice = choice;
    this.models.current = choice;
    this.#events.opening(choice);
    const { token } = this.models;
    const { backend } = this.#settings;
    this.#openedOn = backend;
    const request = { source: choice.source, backend, ...(token ? { hubToken: token } : {}) };
    await this.#afterLoad(this.session.load(request));
  }

  async #afterLoad(loading: Promise<unknown>): Promise<void> {
    if (!(await loading)) return;
    this.#working = this.#choice;
    this.#workingOn = this.#openedOn;
    await this.#events.opened();
  }

  /** Loads the same model anew, e.g. on another backend. */
  async reload(): Promise<void> {
    await this.choose(this.#choice);
  }

  async retry(): Promise<void> {
    await this.#afterLoad(this.session.retry());
  }

  /** Gives up WebGPU, for this and the next visits. */
  async useWasm(choice = this.#choice): Promise<void> {
    this.#settings.backend = 'wasm';
    await this.choose(choice);
  }
}
