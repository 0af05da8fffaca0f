import { ModelClient } from '../client/model-client';
import { ServiceWorkerClient, type ServiceWorkerState } from '../client/service-worker';
import { answerPosition } from '../core/fact';
import { BUNDLED_MODELS, DEFAULT_MODEL } from '../models/catalogue';
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
  modelId = $state(DEFAULT_MODEL);
  dialog = $state<Dialog | undefined>();
  touring = $state(false);
  note = $state<WordKey | undefined>();
  online = $state(navigator.onLine);
  shell = $state.raw<ServiceWorkerState>(this.serviceWorker.state);
  #ledger = $state.raw<Ledger | 'none' | undefined>();
  /** The subject was chosen by a person, not found in the ledger. */
  #ownSubject = false;

  readonly #emergenceStep: Step = {
    run: this.emergence as ProbeRun<unknown>,
    options: () => ({ position: this.selection.column ?? 'answer' }),
  };
  readonly #nullStep: Step = {
    run: this.emergence as ProbeRun<unknown>,
    options: () => ({ position: this.selection.column ?? 'answer', null: this.#others() }),
    wanted: () => this.selection.column === undefined && this.#others().length > 0,
  };
  readonly workbench = new Workbench(this.api, [
    // The answer's column first: the verdict needs no more.
    this.#emergenceStep,
    { run: this.lens as ProbeRun<unknown>, options: () => ({ midLayers: this.midLayers }) },
    {
      run: this.attention as ProbeRun<unknown>,
      options: () => ({ valueWeighted: this.variant === 'value', rollout: this.variant === 'rollout' }),
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
    this.shell.shell === 'ready' && this.session.info !== undefined && this.session.notes.length === 0,
  );

  get modelName(): string {
    return this.session.info?.name ?? BUNDLED_MODELS.find((model) => model.id === this.modelId)?.name ?? this.modelId;
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
      if (this.#readLink() !== 'none') void this.#answer();
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
    if ((await this.serviceWorker.start()) !== 'reloading') await this.loadModel(this.modelId);
  }

  async loadModel(id: string): Promise<void> {
    this.modelId = id;
    this.workbench.reset();
    this.heads.reset();
    this.continuation.reset();
    await this.#afterLoad(this.session.load({ kind: 'bundled', id }, this.settings.backend));
  }

  async retryModel(): Promise<void> {
    await this.#afterLoad(this.session.retry());
  }

  async #afterLoad(loading: Promise<unknown>): Promise<void> {
    if (!(await loading)) return;
    await this.#answer();
    void this.heads.run(undefined, {});
    await this.#loadLedger();
    if (!this.settings.tourSeen && this.lens.result) this.touring = true;
  }

  async #answer(): Promise<void> {
    if (this.session.info) await this.workbench.run();
  }

  async #loadLedger(): Promise<void> {
    const model = BUNDLED_MODELS.find((entry) => entry.id === this.modelId);
    try {
      const response = await fetch(new URL(`${model?.folder}ledger.json`, document.baseURI));
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.#ledger = parseLedger(await response.json());
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
      model: this.modelId,
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
    if (BUNDLED_MODELS.some((model) => model.id === state.model)) this.modelId = state.model;
    return 'state';
  }
}
