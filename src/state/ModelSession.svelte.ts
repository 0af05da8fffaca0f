import { StrataError, type ErrorRecord } from '../core/errors';
import type { LoadNote, ModelInfo } from '../core/model';
import type { RestartEvent } from '../client/model-client';
import type { LoadProgress, LoadRequest, ModelApi } from '../core/model-api';

export type ModelStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'downloading'; readonly progress: Extract<LoadProgress, { stage: 'download' }> }
  | { readonly kind: 'preparing'; readonly step: Extract<LoadProgress, { stage: 'prepare' }>['step'] }
  | { readonly kind: 'ready'; readonly info: ModelInfo }
  | { readonly kind: 'failed'; readonly error: ErrorRecord };

/** The model the page works with: what it is, how far loading has come, and what went wrong. */
export class ModelSession {
  readonly api: ModelApi;
  #status = $state.raw<ModelStatus>({ kind: 'idle' });
  /** The model that is being brought back after its worker was lost. */
  #returning = $state.raw<ModelInfo | undefined>();
  #notes = $state.raw<readonly LoadNote[]>([]);
  #wanted: LoadRequest | undefined;
  /** The model that was opened last, with what was to be said of it. */
  #opened: { readonly request: LoadRequest; readonly info: ModelInfo; readonly notes: readonly LoadNote[] } | undefined;
  #loading: AbortController | undefined;

  constructor(api: ModelApi) {
    this.api = api;
  }

  get status(): ModelStatus {
    return this.#status;
  }
  /** The loaded model; also while its worker is being replaced, so that results stay on the page. */
  get info(): ModelInfo | undefined {
    return this.#status.kind === 'ready' ? this.#status.info : this.#returning;
  }
  /** Things that happened on the way, or are true of the loaded model, and that a person should know; each once. */
  get notes(): readonly LoadNote[] {
    const own = this.info?.backendNote;
    return own ? [...this.#notes, own] : this.#notes;
  }

  /** False when there was no room on the device for the model's files: they are in memory only. */
  get stored(): boolean {
    return !this.#notes.some(({ code }) => code === 'storage-full');
  }

  /** Loads a model in place of the current one; the latest call wins. Never throws: see {@link status}. */
  async load(request: LoadRequest): Promise<ModelInfo | undefined> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#wanted = request;
    this.#notes = [];
    this.#returning = undefined;
    this.#status = { kind: 'preparing', step: 'verify' };
    try {
      const info = await this.api.load(request, {
        signal: loading.signal,
        onProgress: (progress) => this.#report(progress, loading),
      });
      if (this.#loading !== loading) return undefined;
      this.#status = { kind: 'ready', info };
      this.#opened = { request, info, notes: this.#notes };
      return info;
    } catch (cause) {
      if (this.#loading === loading) this.#status = { kind: 'failed', error: StrataError.from(cause).toRecord() };
      return undefined;
    }
  }

  /** Tries the last wanted model again. */
  async retry(): Promise<ModelInfo | undefined> {
    return this.#wanted ? this.load(this.#wanted) : undefined;
  }

  /**
   * After a load that failed: shows the model before again, where it is still held.
   * @returns undefined where it would have to be loaded anew.
   */
  back(): ModelInfo | undefined {
    const opened = this.#opened;
    if (!opened || this.api.holds !== opened.request) return undefined;
    this.#loading = undefined;
    this.#wanted = opened.request;
    this.#notes = opened.notes;
    this.#status = { kind: 'ready', info: opened.info };
    return opened.info;
  }

  /** Gives up the load under way: it ends as failed, with `cancelled`. */
  cancel(): void {
    this.#loading?.abort();
  }

  /** The worker had to be replaced; what it says on the way is shown like a first load. */
  restarted(event: RestartEvent): void {
    if (event.state === 'restarting') {
      this.#returning = this.info;
      this.#status = { kind: 'preparing', step: 'session' };
    } else if (event.state === 'loading') this.#show(event.progress);
    else if (event.state === 'ready') {
      this.#status = { kind: 'ready', info: event.info };
      if (this.#opened) this.#opened = { ...this.#opened, info: event.info };
    } else if (event.state === 'failed') {
      this.#returning = undefined;
      this.#status = { kind: 'failed', error: event.error.toRecord() };
    }
  }

  /** A file and its runtime may both have found storage full: said once. */
  #note(note: LoadNote): void {
    if (!this.#notes.some(({ code }) => code === note.code)) this.#notes = [...this.#notes, note];
  }

  #report(progress: LoadProgress, loading: AbortController): void {
    if (this.#loading === loading) this.#show(progress);
  }

  #show(progress: LoadProgress): void {
    if (progress.stage === 'download') this.#status = { kind: 'downloading', progress };
    else if (progress.stage === 'prepare') this.#status = { kind: 'preparing', step: progress.step };
    else this.#note(progress.note);
  }
}
