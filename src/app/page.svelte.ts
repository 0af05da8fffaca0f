import { ModelClient } from '../client/model-client';
import { ServiceWorkerClient, type ServiceWorkerState } from '../client/service-worker';
import type { ErrorRecord } from '../core/errors';
import { answerPosition } from '../core/fact';
import type { ModelChoice } from '../core/model';
import { patternLayers } from '../core/patterns';
import { BUNDLED_MODELS } from '../models/catalogue';
import { DEFAULT_CHOICE, parseHubChoice, type HubChoice } from '../models/choices';
import type { AttentionResult } from '../probes/attention/meta';
import type { Variant } from '../probes/attention/view/reading';
import { MAX_NULL_SUBJECTS, type EmergenceResult } from '../probes/emergence/meta';
import type { HeadsResult } from '../probes/heads/meta';
import type { LensResult } from '../probes/lens/meta';
import type { Shading } from '../probes/lens/view/shading';
import { Continuation } from '../state/Continuation.svelte';
import { Kept } from '../state/Kept.svelte';
import { ModelSession } from '../state/ModelSession.svelte';
import { ProbeRun } from '../state/ProbeRun.svelte';
import { Recent } from '../state/Recent.svelte';
import { Selection } from '../state/Selection.svelte';
import { Settings } from '../state/Settings.svelte';
import { Workbench, type FactFields, type Step } from '../state/Workbench.svelte';
import type { Measure } from '../views/layer-chart';
import type { WordKey } from '../views/words';
import { findName, matchFact, otherSubjects, parseLedger, type Ledger } from './ledger/ledger';
import { parseInPieces } from './ledger/read';
import { Models } from './models/Models.svelte';
import { DEFAULT_VIEW, readFragment, writeFragment, type SharedState } from './url-state';

export const FIRST_FACT: FactFields = { prompt: 'The capital of France is', answer: 'Paris', foil: 'London' };
export const EXAMPLES: readonly FactFields[] = [
  FIRST_FACT,
  { prompt: 'What is the capital of Japan? It is', answer: 'Tokyo', foil: 'Beijing' },
];

/** Results follow typing after this pause. */
const TYPING_PAUSE_MS = 60;

export type Dialog =
  'gallery' | 'export' | 'models' | 'ruler' | 'help-lens' | 'help-emergence' | 'help-attention' | 'help-continuation';

/** What a link asks for and the page does not have: nothing is fetched until the person says so. */
export type Wanted =
  | { readonly kind: 'hub'; readonly choice: HubChoice }
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'unknown'; readonly name: string };

/** Everything the page holds, put together once; components read and call it. */
export class Page {
  readonly settings = new Settings();
  readonly selection = new Selection();
  readonly recent = new Recent();
  readonly kept = new Kept();
  readonly serviceWorker = new ServiceWorkerClient();
  readonly api = new ModelClient({
    root: new URL('.', document.baseURI).href,
    onRestart: (event) => this.session.restarted(event),
  });
  readonly session = new ModelSession(this.api);
  readonly models = new Models((choice) => void this.choose(choice));
  readonly lens = new ProbeRun<LensResult>(this.api, 'lens');
  readonly emergence = new ProbeRun<EmergenceResult>(this.api, 'emergence');
  readonly attention = new ProbeRun<AttentionResult>(this.api, 'attention');
  readonly heads = new ProbeRun<HeadsResult>(this.api, 'heads');
  readonly continuation = new Continuation(this.api);

  shading = $state<Shading>(DEFAULT_VIEW.shading);
  midLayers = $state<boolean>(DEFAULT_VIEW.midLayers);
  measure = $state<Measure>(DEFAULT_VIEW.measure);
  variant = $state<Variant>(DEFAULT_VIEW.variant);
  drawing = $state<'matrix' | 'arcs'>(DEFAULT_VIEW.drawing);
  /** The part of the dialog "Models" that is in front. */
  modelsTab = $state<'all' | 'about'>('all');
  /** A link's model that is not here. */
  wanted = $state.raw<Wanted | undefined>();
  /** The model chosen last could not be opened; the one before it answers on. */
  failure = $state.raw<{ readonly choice: ModelChoice; readonly error: ErrorRecord } | undefined>();
  dialog = $state<Dialog | undefined>();
  touring = $state(false);
  note = $state<WordKey | undefined>();
  online = $state(navigator.onLine);
  shell = $state.raw<ServiceWorkerState>(this.serviceWorker.state);
  #choice = $state.raw<ModelChoice>(DEFAULT_CHOICE);
  /** The choice that was loaded last without trouble. */
  #working = $state.raw<ModelChoice | undefined>();
  #ledger = $state.raw<Ledger | 'none' | undefined>();
  /** The subject was chosen by a person, not found in the ledger. */
  #ownSubject = false;

  readonly #emergenceStep: Step = {
    run: this.emergence as ProbeRun<unknown>,
    options: () => ({ position: this.selection.column ?? 'answer' }),
    wanted: () => this.canLens,
  };
  readonly #nullStep: Step = {
    run: this.emergence as ProbeRun<unknown>,
    options: () => ({ position: this.selection.column ?? 'answer', null: this.#others() }),
    wanted: () => this.canLens && this.selection.column === undefined && this.#others().length > 0,
  };
  readonly workbench = new Workbench(this.api, [
    // The answer's column first: the verdict needs no more.
    this.#emergenceStep,
    {
      run: this.lens as ProbeRun<unknown>,
      options: () => ({ midLayers: this.midLayers }),
      wanted: () => this.canLens,
    },
    {
      run: this.attention as ProbeRun<unknown>,
      options: () => ({ valueWeighted: this.variant === 'value', rollout: this.variant === 'rollout' }),
      wanted: () => this.canAttend,
    },
    this.#nullStep,
  ]);

  readonly match = $derived(
    typeof this.#ledger === 'object'
      ? matchFact(this.#ledger, this.workbench.fields.prompt, this.workbench.fact.answers)
      : undefined,
  );
  /** Everything the app needs without a network is on this device. */
  readonly offlineReady = $derived(
    this.shell.shell === 'ready' &&
      this.session.info !== undefined &&
      this.session.notes.length === 0 &&
      this.#choice.source.kind !== 'folder',
  );
  /** The lens needs the residual stream; a model whose anatomy is unknown gives its logits only. */
  readonly canLens = $derived(this.session.info?.hooks.includes('logit_lens') ?? false);
  readonly canAttend = $derived(this.session.info !== undefined && patternLayers(this.session.info).length > 0);

  /** The model that answers, or is being opened. */
  get choice(): ModelChoice {
    return this.#choice;
  }

  /** Another model that can answer when the one being opened is given up; undefined on a first visit. */
  get fallback(): ModelChoice | undefined {
    const other = this.#working ?? DEFAULT_CHOICE;
    return other.id === this.#choice.id ? undefined : other;
  }

  get modelName(): string {
    return this.session.info?.name ?? this.#choice.name;
  }

  get ledger(): Ledger | 'none' | undefined {
    return this.#ledger;
  }

  /** Reads the link, loads the model and answers the first fact. Returns what undoes the listening. */
  start(): () => void {
    const undo = [this.settings.attach(), this.serviceWorker.subscribe((state) => (this.shell = state))];
    const network = (): void => {
      this.online = navigator.onLine;
    };
    const moved = (): void => {
      if (this.#readLink() !== 'none') void this.#follow();
    };
    const listeners = [
      ['online', network],
      ['offline', network],
      ['hashchange', moved],
    ] as const;
    for (const [name, listener] of listeners) addEventListener(name, listener);
    undo.push(() => listeners.forEach(([name, listener]) => removeEventListener(name, listener)));
    if (this.#readLink() !== 'state') this.workbench.set(FIRST_FACT);
    void this.#boot();
    return () => undo.forEach((one) => one());
  }

  async #boot(): Promise<void> {
    if ((await this.serviceWorker.start()) === 'reloading') return;
    await this.choose((await this.#linked()) ?? DEFAULT_CHOICE);
    await this.models.refresh();
  }

  /** The model of the link, where it can answer without fetching anything. */
  async #linked(): Promise<ModelChoice | undefined> {
    const wanted = this.wanted;
    if (wanted?.kind !== 'hub') return this.#linkedChoice;
    const stored = await this.models.findStored(wanted.choice);
    if (stored) this.wanted = undefined;
    return stored;
  }

  /** Another link in the same tab: its model, if it is here, and its fact. */
  async #follow(): Promise<void> {
    const linked = await this.#linked();
    if (linked && linked.id !== this.#choice.id) await this.choose(linked);
    else await this.#answer();
  }

  /**
   * Opens a model in place of the current one; what was typed stays. When it cannot be opened, the page says why and
   * goes back to the one before.
   */
  async choose(choice: ModelChoice): Promise<void> {
    if (choice.id !== this.#choice.id) this.#letGoOfModel();
    this.failure = undefined;
    await this.#open(choice);
    if (this.session.status.kind !== 'failed' || this.#choice !== choice) return;
    const { error } = this.session.status;
    const { fallback } = this;
    if (!fallback) return;
    if (error.code !== 'cancelled') this.failure = { choice, error };
    this.#letGoOfModel();
    await this.#open(fallback);
  }

  async #open(choice: ModelChoice): Promise<void> {
    this.#choice = choice;
    this.models.current = choice;
    this.workbench.reset();
    this.heads.reset();
    this.continuation.reset();
    const { token } = this.models;
    const request = { source: choice.source, backend: this.settings.backend, ...(token ? { hubToken: token } : {}) };
    await this.#afterLoad(this.session.load(request));
  }

  /** Layers and heads of one model mean nothing in another. */
  #letGoOfModel(): void {
    this.selection.clear();
    this.selection.head = undefined;
    this.#ledger = undefined;
  }

  /** Loads the same model anew, e.g. on another backend. */
  async reloadModel(): Promise<void> {
    await this.choose(this.#choice);
  }

  async retryModel(): Promise<void> {
    await this.#afterLoad(this.session.retry());
  }

  async #afterLoad(loading: Promise<unknown>): Promise<void> {
    if (!(await loading)) return;
    this.#working = this.#choice;
    await this.#answer();
    if (this.canAttend) void this.heads.run(undefined, {});
    await this.#loadLedger();
    if (!this.settings.tourSeen && this.lens.result) this.touring = true;
  }

  async #answer(): Promise<void> {
    if (this.session.info) await this.workbench.run();
  }

  async #loadLedger(): Promise<void> {
    const choice = this.#choice;
    const model = BUNDLED_MODELS.find((entry) => entry.id === choice.id);
    if (!model) {
      this.#ledger = 'none';
      // What another model's ledger marked stays marked, as if the person had.
      this.#ownSubject ||= this.workbench.fields.subject !== undefined;
      return;
    }
    try {
      const response = await fetch(new URL(`${model.folder}ledger.json`, document.baseURI));
      if (!response.ok) throw new Error(`status ${response.status}`);
      const ledger = parseLedger(await parseInPieces(await response.text(), 'facts'));
      if (this.#choice !== choice) return;
      this.#ledger = ledger;
    } catch {
      // Without its ledger the model works all the same; the gallery says so.
      this.#ledger = 'none';
      return;
    }
    this.#findSubject();
    if (this.workbench.fields.subject && !this.#ownSubject) await this.#answer();
  }

  #others(): string[] {
    if (typeof this.#ledger !== 'object' || !this.match || !this.workbench.fields.subject) return [];
    return otherSubjects(this.#ledger, this.match.fact, MAX_NULL_SUBJECTS);
  }

  /** A subject nobody chose is the one the ledger knows. */
  #findSubject(): void {
    if (this.#ownSubject) return;
    const { subject: _, ...fields } = this.workbench.fields;
    this.workbench.set(this.match ? { ...fields, subject: this.match.subject } : fields);
  }

  /** The fields as typed; results follow. */
  type(change: Partial<FactFields>): void {
    const before = this.workbench.fields;
    const after = { ...before, ...change };
    if (after.prompt !== before.prompt) {
      this.selection.forgetPositions();
      const chosen = this.#ownSubject && before.subject ? before.prompt.slice(...before.subject) : undefined;
      const range = chosen === undefined ? undefined : findName(after.prompt, chosen);
      this.#ownSubject = range !== undefined;
      this.workbench.set(range ? { ...after, subject: range } : after);
    } else this.workbench.set(after);
    this.#findSubject();
    if (this.session.info) this.workbench.runSoon(TYPING_PAUSE_MS);
  }

  setSubject(subject: readonly [number, number] | undefined): void {
    this.#ownSubject = true;
    this.workbench.set({ ...this.workbench.fields, subject });
    if (this.session.info) this.workbench.runSoon(0);
  }

  /** The button, Enter, or a fact from the gallery: answers now and is remembered. */
  async probe(fields?: FactFields): Promise<void> {
    if (fields) {
      if (fields.prompt !== this.workbench.fields.prompt) this.selection.forgetPositions();
      this.#ownSubject = fields.subject !== undefined;
      this.workbench.set(fields);
      this.#findSubject();
    }
    this.recent.add(this.workbench.fields);
    await this.#answer();
  }

  setMidLayers(value: boolean): void {
    this.midLayers = value;
    void this.workbench.again(this.lens as ProbeRun<unknown>);
  }

  setVariant(value: Variant): void {
    this.variant = value;
    const { result } = this.attention;
    const missing = (value === 'value' && !result?.valueWeighted) || (value === 'rollout' && !result?.rollout);
    if (missing) void this.workbench.again(this.attention as ProbeRun<unknown>);
  }

  /** The column whose curve is drawn; the one before the answer is the usual one. */
  setColumn(position: number | undefined): void {
    const prepared = this.lens.latest?.response.prepared;
    const usual = prepared && answerPosition(prepared);
    this.selection.column = position === usual ? undefined : position;
    if (!this.canLens) return;
    const step = this.#nullStep.wanted?.() ? this.#nullStep : this.#emergenceStep;
    void this.emergence.run(this.workbench.fact, step.options(this.workbench.fact));
  }

  /** Lets go of pins and of what was chosen. */
  letGo(): boolean {
    const hadColumn = this.selection.column !== undefined;
    const held = this.selection.clear();
    if (hadColumn) this.setColumn(undefined);
    return held;
  }

  get shared(): SharedState {
    const { head, column, looker, pins } = this.selection;
    return {
      fields: this.workbench.fields,
      model: this.#choice.id,
      shading: this.shading,
      midLayers: this.midLayers,
      measure: this.measure,
      variant: this.variant,
      drawing: this.drawing,
      ...(head ? { head } : {}),
      ...(column === undefined ? {} : { column }),
      ...(looker === undefined ? {} : { looker }),
      pins: pins.flatMap(({ depth, position }) =>
        depth === undefined || position === undefined ? [] : [{ depth, position }],
      ),
    };
  }

  /** Link to what is on the page; the address bar takes it too. */
  link(): string {
    const fragment = writeFragment(this.shared);
    history.replaceState(null, '', fragment);
    return new URL(fragment, location.href).href;
  }

  #readLink(): 'none' | 'state' | 'refused' {
    const read = readFragment(location.hash);
    if (read.kind === 'none') return 'none';
    if (read.kind !== 'state') {
      this.note = read.kind === 'newer' ? 'share.version' : 'share.invalid';
      return 'refused';
    }
    const { state } = read;
    this.#ownSubject = state.fields.subject !== undefined;
    this.workbench.set(state.fields);
    this.shading = state.shading;
    this.midLayers = state.midLayers;
    this.measure = state.measure;
    this.variant = state.variant;
    this.drawing = state.drawing;
    this.selection.head = state.head;
    this.selection.column = state.column;
    this.selection.looker = state.looker;
    this.selection.restore(state.pins);
    this.#wantModel(state.model);
    return 'state';
  }

  /** A link names its model; one that is not bundled is only ever looked for on this device. */
  #wantModel(id: string): void {
    this.#linkedChoice = this.models.choices.find((choice) => choice.id === id);
    this.wanted = undefined;
    if (this.#linkedChoice) return;
    const choice = parseHubChoice(id);
    const folder = /^folder:(.+):[a-z0-9]+$/u.exec(id)?.[1];
    if (choice) this.wanted = { kind: 'hub', choice };
    else this.wanted = folder === undefined ? { kind: 'unknown', name: id } : { kind: 'folder', name: folder };
  }
  #linkedChoice: ModelChoice | undefined;
}
