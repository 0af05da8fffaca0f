import * as v from 'valibot';
import { StrataError, type ErrorRecord } from '../../core/errors';
import type { ModelChoice } from '../../core/model';
import type { Device } from '../../models/advice';
import { BUNDLED_CHOICES, CHECKPOINT_CHOICES, folderChoice, hubChoice, type HubChoice } from '../../models/choices';
import type { ChosenFolder } from '../../models/chosen-files';
import { checkHubId, keptListing, modelsIn, openRepository, type HubRepository } from '../../models/hub';
import type { HubAddress } from '../../models/hub-address-kinds';
import type { ModelVariant } from '../../models/layout';
import { CacheStore, openStore, type FileStore } from '../../models/storage';
import { deleteStored, listStored, type StoredModel } from '../../models/stored-models';
import { keep, recall } from '../../state/persisted';
import { readDevice } from './device';
import { HubDownload } from './HubDownload.svelte';

/** What was asked of the hub, and its answer. */
export type LookUp =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly id: string }
  | { readonly kind: 'failed'; readonly id: string; readonly error: ErrorRecord }
  | {
      readonly kind: 'found';
      readonly id: string;
      readonly repository: HubRepository;
      readonly sizes: readonly (ModelVariant & { readonly bytes: number })[];
    };

/** Files a person opened, on the way to a model. */
export type Opening =
  | { readonly kind: 'none' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  /** Several models: the person chooses. */
  | { readonly kind: 'several'; readonly folder: ChosenFolder };

/** Whether the browser will keep what is stored when space runs short; undefined until it was asked. */
export type Keeping = 'granted' | 'refused' | undefined;

const COMMIT = /^[0-9a-f]{40}$/;

/** The models a person can choose, and every way to more of them. */
export class Models {
  /** Kept in memory only, sent to the hub alone. */
  token = $state('');
  readonly #store: Promise<FileStore> = openStore();
  readonly #choose: (choice: ModelChoice) => void;
  #stored = $state.raw<readonly StoredModel[]>([]);
  #folders = $state.raw<readonly ModelChoice[]>([]);
  #current = $state.raw<ModelChoice | undefined>();
  #downloads = $state.raw<readonly HubDownload[]>([]);
  #lookUp = $state.raw<LookUp>({ kind: 'none' });
  #opening = $state.raw<Opening>({ kind: 'none' });
  #device = $state.raw<Device>({ memoryBytes: undefined, gpu: 'none' });
  #keeping = $state.raw<Keeping>();
  #canStore = $state(true);
  #asking: AbortController | undefined;

  /** In the order of the combobox: bundled, stored whole, opened in this session. */
  readonly choices: readonly ModelChoice[] = $derived.by(() => {
    const stored = this.#stored.flatMap((model) => storedChoice(model) ?? []);
    const all = [...BUNDLED_CHOICES, ...stored, ...this.#folders];
    // A model that was deleted while it is in use can still be used.
    const current = this.#current;
    return current && !all.some(({ id }) => id === current.id) ? [...all, current] : all;
  });

  /** @param choose What to do with a model that was opened. */
  constructor(choose: (choice: ModelChoice) => void) {
    this.#choose = choose;
  }

  /** What lies on this device, largest first. */
  get stored(): readonly StoredModel[] {
    return this.#stored;
  }
  get downloads(): readonly HubDownload[] {
    return this.#downloads;
  }
  get lookUp(): LookUp {
    return this.#lookUp;
  }
  get opening(): Opening {
    return this.#opening;
  }
  get device(): Device {
    return this.#device;
  }
  get keeping(): Keeping {
    return this.#keeping;
  }
  /** False where the browser offers no storage: models can only be used from memory. */
  get canStore(): boolean {
    return this.#canStore;
  }
  set current(choice: ModelChoice) {
    if (this.#opening.kind === 'reading') this.closeOpening();
    this.#current = choice;
  }
  /** The hub asked for a login: the token field is of use. */
  get wantsToken(): boolean {
    const errors = [this.#lookUp, ...this.#downloads.map(({ state }) => state)].flatMap((one) =>
      one.kind === 'failed' ? [one.error.code] : [],
    );
    return this.token !== '' || errors.some((code) => code === 'unauthorized' || code === 'forbidden');
  }

  /** Reads anew what is stored. */
  async refresh(): Promise<void> {
    const store = await this.#store;
    this.#canStore = store instanceof CacheStore;
    this.#stored = await listStored(store);
  }

  /** Learns what this device can do, for advice. */
  async learnDevice(): Promise<void> {
    this.#device = await readDevice();
  }

  /** The choice of a hub model that is stored whole, also where a link names a branch; undefined when it is not. */
  async findStored({ source }: HubChoice): Promise<HubChoice | undefined> {
    await this.refresh();
    const { repo, revision, dtype, graph } = source;
    const known = COMMIT.test(revision) ? revision : (await keptListing(repo, revision, await this.#store))?.commit;
    const stored = this.#stored.find(
      ({ complete, hub }) =>
        complete && hub?.repo === repo && hub.commit === known && hub.dtype === dtype && hub.graph === graph,
    );
    return stored && choiceOf(stored);
  }

  /** Asks the hub what a repository offers. @param text As typed: `owner/name`, `owner/name@revision` or an address. */
  async ask(text: string): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const id = text.trim();
    this.#lookUp = { kind: 'asking', id };
    try {
      const repository = await this.#openRepository(id, asking.signal);
      if (this.#asking === asking) this.#lookUp = { kind: 'found', id, repository, sizes: modelsIn(repository) };
    } catch (cause) {
      const error = StrataError.from(cause).toRecord();
      if (this.#asking === asking) this.#lookUp = { kind: 'failed', id, error };
    }
  }

  stopAsking(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.#lookUp = { kind: 'none' };
  }

  async #openRepository(id: string, signal: AbortSignal): Promise<HubRepository> {
    const { parseHubField } = await import('../../models/hub-address');
    const field = parseHubField(id);
    if (field.kind !== 'repository') throw noRepository(field);
    const { repo, revision } = field;
    checkHubId(repo, revision);
    return openRepository(repo, revision, { store: await this.#store, token: this.token, signal });
  }

  /** The download of a choice, if there is or was one in this session. */
  downloadOf(id: string): HubDownload | undefined {
    return this.#downloads.find(({ choice }) => choice.id === id);
  }

  /** Whether the hub's answer that is shown holds this choice: its download then stands there. */
  offers({ source: { repo, revision } }: HubChoice): boolean {
    if (this.#lookUp.kind !== 'found') return false;
    const { repository } = this.#lookUp;
    return repository.repo === repo && repository.commit === revision;
  }

  /** Begins a download, or goes on with it. @param repository What the hub said, where it was just asked. */
  download(choice: HubChoice, repository?: HubRepository): void {
    const host = { store: this.#store, token: () => this.token, onchange: () => void this.refresh() };
    const known = this.downloadOf(choice.id);
    const download = known ?? new HubDownload(choice, host, repository);
    if (!known) this.#downloads = [...this.#downloads, download];
    void this.#askToKeep();
    void download.start();
  }

  /** Forgets a download that has ended; what it stored stays. */
  dismiss(download: HubDownload): void {
    this.#downloads = this.#downloads.filter((one) => one !== download);
  }

  async cancel(download: HubDownload): Promise<void> {
    await download.cancel();
    this.dismiss(download);
  }

  /** Deletes what is stored of these; a download of one of them ends. */
  async delete(models: readonly StoredModel[]): Promise<void> {
    const store = await this.#store;
    for (const model of models) {
      const choice = choiceOf(model, true);
      const download = choice && this.downloadOf(choice.id);
      if (download) await this.cancel(download);
      await deleteStored(store, model);
    }
    await this.refresh();
  }

  /** Opens a chosen folder's files, or one archive. */
  async openFiles(files: readonly File[]): Promise<void> {
    await this.#open(async () => (await chosenFiles()).openChosen(files));
  }

  /** Opens files with their paths, as they were dropped on the page. */
  async openPaths(read: () => Promise<ReadonlyMap<string, File>>): Promise<void> {
    await this.#open(async () => {
      const files = await read();
      const { openChosen, openTree } = await chosenFiles();
      const [only] = files.values();
      return files.size === 1 && only ? openChosen([only]) : openTree(files);
    });
  }

  async #open(read: () => Promise<ChosenFolder>): Promise<void> {
    const opening: Opening = { kind: 'reading' };
    this.#opening = opening;
    // Whatever was chosen meanwhile is what is wanted: a slow archive must not win over it.
    const overtaken = () => this.#opening !== opening;
    try {
      const folder = await read();
      if (overtaken()) return;
      const [only, ...others] = folder.models;
      if (only !== undefined && others.length === 0) this.useFolder(folder, only);
      else this.#opening = { kind: 'several', folder };
    } catch (cause) {
      if (overtaken()) return;
      this.#opening = { kind: 'failed', error: StrataError.from(cause).toRecord() };
    }
  }

  useFolder(folder: ChosenFolder, { dtype, graph }: ModelVariant): void {
    const choice = folderChoice(folder, dtype, graph);
    this.#folders = [...this.#folders.filter(({ id }) => id !== choice.id), choice];
    this.closeOpening();
    this.#choose(choice);
  }

  closeOpening(): void {
    this.#opening = { kind: 'none' };
  }

  /** Asks the browser, once on this device, not to clear what is stored when space runs short. */
  async #askToKeep(): Promise<void> {
    if (recall('keep-asked', v.boolean(), false)) return;
    keep('keep-asked', true);
    try {
      this.#keeping = (await navigator.storage.persist()) ? 'granted' : 'refused';
    } catch {
      this.#keeping = 'refused';
    }
  }
}

/** Read when files are first opened: most visits never do. */
const chosenFiles = () => import('../../models/chosen-files');

/** Why what was typed is no model of the hub: `details.hub` says what it is instead. */
function noRepository(field: Exclude<HubAddress, { kind: 'repository' }>): StrataError {
  const of = field.kind === 'other-host' ? { host: field.host, ...(field.repo ? { repo: field.repo } : {}) } : {};
  return new StrataError('invalid-request', 'A hub id looks like owner/name.', { hub: field.kind, ...of });
}

/** A stored model as a choice, where it is whole and not one of those that are always there. */
function storedChoice(model: StoredModel): ModelChoice | undefined {
  return model.checkpoint && model.complete ? checkpointOf(model) : choiceOf(model);
}

/** A stored checkpoint as a choice. */
export function checkpointOf({ checkpoint }: StoredModel): ModelChoice | undefined {
  return checkpoint && CHECKPOINT_CHOICES.find(({ id }) => id === `${checkpoint.id}@${checkpoint.step}`);
}

/** A stored hub model as a choice. @param partly Also when it is not whole. */
export function choiceOf({ hub, complete }: StoredModel, partly = false): HubChoice | undefined {
  return hub && (complete || partly) ? hubChoice(hub.repo, hub.commit, hub.dtype, hub.graph) : undefined;
}
