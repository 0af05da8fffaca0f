import { holdUpdates } from '../../client/service-worker';
import { StrataError, type ErrorRecord } from '../../core/errors';
import type { LoadProgress } from '../../core/model-api';
import type { HubChoice } from '../../models/choices';
import { hubFileKey, keptListing, modelIn, openRepository, storeHub, type HubRepository } from '../../models/hub';
import { storedBytes, type FileStore } from '../../models/storage';
import { deleteHubModel } from '../../models/stored-models';
import { hasRoomFor } from './room';

export type DownloadProgress = Extract<LoadProgress, { stage: 'download' }>;

export type DownloadState =
  /** Asking the hub which files there are, and the browser whether there is room. */
  | { readonly kind: 'asking' }
  /** Not begun: the browser would not store so many more bytes. */
  | { readonly kind: 'no-room'; readonly needed: number }
  | { readonly kind: 'running' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  | { readonly kind: 'done' }
  /** Given up; what had come is deleted. */
  | { readonly kind: 'cancelled' };

export interface DownloadHost {
  readonly store: Promise<FileStore>;
  /** Kept in memory only, sent to the hub alone. */
  readonly token: () => string;
  /** Something in storage has changed. */
  readonly onchange: () => void;
}

/** One model of a hub repository on its way into storage; can be paused, continued and given up. */
export class HubDownload {
  /** Its revision is a commit. */
  readonly choice: HubChoice;
  readonly #host: DownloadHost;
  #state = $state.raw<DownloadState>({ kind: 'asking' });
  #progress = $state.raw<DownloadProgress | undefined>();
  #known: HubRepository | undefined;
  #run: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  /** @param known What the hub said of the repository, so that it need not be asked again. */
  constructor(choice: HubChoice, host: DownloadHost, known?: HubRepository) {
    this.choice = choice;
    this.#host = host;
    this.#known = known;
  }

  get state(): DownloadState {
    return this.#state;
  }
  get progress(): DownloadProgress | undefined {
    return this.#progress;
  }
  get active(): boolean {
    return this.#state.kind === 'asking' || this.#state.kind === 'running';
  }

  /** Begins, or goes on where it stopped. Never throws: see {@link state}. @param anyway Whatever room there is. */
  async start(anyway = false): Promise<void> {
    this.#run?.abort();
    const run = new AbortController();
    this.#run = run;
    this.#state = { kind: 'asking' };
    // After all that was begun before: of several that are asked for at once, one is made.
    this.#ended = this.#ended.then(() => (run.signal.aborted ? undefined : this.#work(run, anyway)));
    await this.#ended;
  }

  /** Keeps what has come. */
  pause(): void {
    this.#state = { kind: 'paused' };
    this.#run?.abort();
  }

  async cancel(): Promise<void> {
    this.#state = { kind: 'cancelled' };
    this.#run?.abort();
    await this.#ended;
    const { source } = this.choice;
    await deleteHubModel(await this.#host.store, source.repo, source.revision, source);
    this.#host.onchange();
  }

  async #work(run: AbortController, anyway: boolean): Promise<void> {
    try {
      const end = await holdUpdates(() => this.#fetch(run, anyway));
      if (!run.signal.aborted) this.#state = end;
    } catch (cause) {
      // Paused or given up: the state says so already.
      if (!run.signal.aborted) this.#state = { kind: 'failed', error: StrataError.from(cause).toRecord() };
    }
    this.#host.onchange();
  }

  async #fetch(run: AbortController, anyway: boolean): Promise<DownloadState> {
    const store = await this.#host.store;
    const { repo, revision } = this.choice.source;
    const options = {
      store,
      token: this.#host.token(),
      signal: run.signal,
      onProgress: (progress: LoadProgress) => {
        if (progress.stage === 'download' && !run.signal.aborted) this.#progress = progress;
      },
    };
    const kept = this.#known ?? (await keptListing(repo, revision, store));
    const repository = kept ?? (await openRepository(repo, revision, options));
    this.#known = repository;
    const room = anyway ? undefined : await this.#missingRoom(repository, store);
    if (room) return room;
    if (!run.signal.aborted) this.#state = { kind: 'running' };
    await storeHub(repository, this.choice.source, options);
    return { kind: 'done' };
  }

  async #missingRoom(repository: HubRepository, store: FileStore): Promise<DownloadState | undefined> {
    const { files, bytes } = modelIn(repository, this.choice.source);
    let needed = bytes;
    for (const { path } of files) {
      const record = await store.record(hubFileKey(repository.repo, repository.commit, path));
      if (record) needed -= storedBytes(record);
    }
    return (await hasRoomFor(needed)) ? undefined : { kind: 'no-room', needed };
  }
}
