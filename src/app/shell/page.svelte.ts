import { ModelClient } from '../../client/model-client';
import { ServiceWorkerClient, type ServiceWorkerState } from '../../client/service-worker';
import type { ErrorRecord } from '../../core/errors';
import { answerPosition } from '../../core/fact';
import type { BackendChoice, ModelChoice } from '../../core/model';
import { patternLayers } from '../../core/patterns';
import { BUNDLED_MODELS } from '../../models/catalogue';
import { DEFAULT_CHOICE, parseHubChoice, type HubChoice } from '../../models/choices';
import type { AttentionResult } from '../../probes/attention/meta';
import type { Variant } from '../../probes/attention/view/reading';
import { MAX_NULL_SUBJECTS, type EmergenceResult } from '../../probes/emergence/meta';
import type { HeadsResult } from '../../probes/heads/meta';
import type { LensResult } from '../../probes/lens/meta';
import type { Shading } from '../../probes/lens/view/shading';
import { Continuation } from '../../state/Continuation.svelte';
import { Kept } from '../../state/Kept.svelte';
import { ModelSession } from '../../state/ModelSession.svelte';
import { ProbeRun } from '../../state/ProbeRun.svelte';
import { Recent } from '../../state/Recent.svelte';
import { Selection } from '../../state/Selection.svelte';
import { Settings } from '../../state/Settings.svelte';
import { factOf, Workbench, type FactFields, type Step } from '../../state/Workbench.svelte';
import type { Measure } from '../../views/layer-chart';
import type { WordKey } from '../../views/words';
import { webGpuAtFault } from './backend-trouble';
import { curvesToKeep } from '../figures/kept-curves';
import { anySubjects, findName, matchFact, otherSubjects, type Ledger } from '../ledger/ledger';
import { readLedger } from '../ledger/read';
import { isModelOf } from '../link/link-model';
import { Models } from '../models/Models.svelte';
import { DEFAULT_VIEW, readFragment, writeFragment, type SharedCurve, type SharedState } from '../link/url-state';
import type { NullStatus } from '../verdict/verdict';

export const FIRST_FACT: FactFields = { prompt: 'The capital of France is', answer: 'Paris', foil: 'London' };
export const EXAMPLES: readonly FactFields[] = [
  FIRST_FACT,
  { prompt: 'What is the capital of Japan? It is', answer: 'Tokyo', foil: 'Beijing' },
];

/** Results follow typing after this pause. */
const TYPING_PAUSE_MS = 60;

export type Dialog =
  | 'gallery'
  | 'export'
  | 'models'
  | 'ruler'
  | 'help-lens'
  | 'help-emergence'
  | 'help-attention'
  | 'help-heads'
  | 'help-figures';

/** What stands on the page in place of a link that cannot be read. */
type Instead = Readonly<Record<'invalid' | 'newer', WordKey>>;
const FIRST_INSTEAD: Instead = { invalid: 'share.first.invalid', newer: 'share.first.newer' };
const STAYS: Instead = { invalid: 'share.kept.invalid', newer: 'share.kept.newer' };

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
  /** The answer's column, whichever the chart shows: the verdict is about it. */
  readonly judged = new ProbeRun<EmergenceResult>(this.api, 'emergence');
  /** Another column, chosen for the chart. */
  readonly elsewhere = new ProbeRun<EmergenceResult>(this.api, 'emergence');
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

  readonly #nullStep: Step = {
    run: this.judged as ProbeRun<unknown>,
    options: () => ({ position: 'answer', null: this.#others }),
    wanted: () => this.canLens && this.#others.length > 0,
  };
  readonly workbench = new Workbench(
    this.api,
    [
      // The answer's column first: the verdict needs no more.
      {
        run: this.judged as ProbeRun<unknown>,
        options: () => ({ position: 'answer' }),
        wanted: () => this.canLens,
      },
      {
        run: this.elsewhere as ProbeRun<unknown>,
        options: () => ({ position: this.selection.column }),
        wanted: () => this.canLens && this.selection.column !== undefined,
      },
      {
        run: this.lens as ProbeRun<unknown>,
        options: () => ({ midLayers: this.midLayers }),
        wanted: () => this.canLens,
      },
      {
        run: this.attention as ProbeRun<unknown>,
        options: () => ({ valueWeighted: this.variant === 'value', rollout: this.variant === 'rollout' }),
        wanted: (): boolean => this.canAttend && this.attentionFits,
      },
      this.#nullStep,
    ],
    ({ tokens }) => {
      const dims = this.session.info?.dims;
      if (dims) this.selection.keepWithin({ positions: tokens.length, ...dims });
    },
  );

  readonly match = $derived(
    typeof this.#ledger === 'object'
      ? matchFact(this.#ledger, this.workbench.fields.prompt, this.workbench.fact.answers)
      : undefined,
  );
  /** The same of the fact that the verdict judges, which is an earlier one while there is no newer verdict. */
  readonly judgedMatch = $derived.by(() => {
    const fact = this.judged.latest?.fact;
    return typeof this.#ledger === 'object' && fact ? matchFact(this.#ledger, fact.prompt, fact.answers) : undefined;
  });
  /** What the chart shows: the chosen column once it is there, else the answer's. */
  get emergence(): ProbeRun<EmergenceResult> {
    const chosen = this.selection.column !== undefined;
    return chosen && this.elsewhere.latest?.fact?.prompt === this.workbench.fields.prompt
      ? this.elsewhere
      : this.judged;
  }

  /** What went wrong last: with the fact, or beside it. */
  get error(): ErrorRecord | undefined {
    return this.workbench.error ?? this.heads.error;
  }

  /** What other subjects show in the same sentence, or why that is not known. */
  get nullStatus(): NullStatus {
    if (this.judged.result?.null && !this.judged.staleFor(this.workbench.fact)) return 'known';
    if (this.#ledger === undefined) return 'pending';
    if (this.#ledger === 'none') return 'no-names';
    if (!this.workbench.fields.subject) return 'no-subject';
    return this.#others.length === 0 ? 'no-names' : this.workbench.working ? 'pending' : 'unknown';
  }

  /** Everything the app needs without a network is on this device. */
  readonly offlineReady = $derived(
    this.shell.shell === 'ready' &&
      this.session.info !== undefined &&
      this.session.stored &&
      this.#choice.source.kind !== 'folder',
  );
  /** The lens needs the residual stream; a model whose anatomy is unknown gives its logits only. */
  readonly canLens = $derived(this.session.info?.hooks.includes('logit_lens') ?? false);
  readonly canAttend = $derived(this.session.info !== undefined && patternLayers(this.session.info).length > 0);

  /** All attention patterns of the prompt fit into memory. */
  readonly attentionFits: boolean = $derived(
    (this.workbench.prepared?.tokens.length ?? 0) <= (this.session.info?.limits.attentionTokens ?? Infinity),
  );

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
      if (this.#readLink(STAYS) === 'state') void this.#follow();
    };
    const listeners = [
      ['online', network],
      ['offline', network],
      ['hashchange', moved],
    ] as const;
    for (const [name, listener] of listeners) addEventListener(name, listener);
    undo.push(() => listeners.forEach(([name, listener]) => removeEventListener(name, listener)));
    if (this.#readLink(FIRST_INSTEAD) !== 'state') this.workbench.set(FIRST_FACT);
    void this.#boot();
    return () => undo.forEach((one) => one());
  }

  async #boot(): Promise<void> {
    if ((await this.serviceWorker.start()) === 'reloading') return;
    const first = (await this.#linked()) ?? DEFAULT_CHOICE;
    await this.choose(first);
    const { status } = this.session;
    if (status.kind === 'failed' && webGpuAtFault(status.error, this.settings.backend)) {
      this.settings.backend = 'auto';
      this.note = 'note.backend-forgotten';
      await this.choose(first);
    }
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
    if (linked && (linked.id !== this.#choice.id || this.settings.backend !== this.#openedOn)) {
      await this.choose(linked);
      return;
    }
    if (linked) this.#takeView(linked);
    await this.#answer();
    await this.#drawKept();
  }

  /**
   * Opens a model in place of the current one; what was typed stays. When it cannot be opened, the page says why and
   * goes back to the one before.
   */
  async choose(choice: ModelChoice): Promise<void> {
    if (choice.id !== this.#choice.id) this.#letGoOfModel();
    this.#takeView(choice);
    this.failure = undefined;
    await this.#open(choice);
    let error = this.#failureOf(choice);
    if (error && error.code !== 'cancelled' && this.settings.giveBackBackend()) {
      this.note = 'share.backend';
      await this.#open(choice);
      error = this.#failureOf(choice);
    }
    const { fallback } = this;
    if (!error || !fallback) return;
    if (error.code !== 'cancelled') this.failure = { choice, error };
    this.#letGoOfModel();
    await this.#open(fallback);
  }

  /** Why the model that is wanted could not be opened. */
  #failureOf(choice: ModelChoice): ErrorRecord | undefined {
    const { status } = this.session;
    return status.kind === 'failed' && this.#choice === choice ? status.error : undefined;
  }

  async #open(choice: ModelChoice): Promise<void> {
    this.#choice = choice;
    this.models.current = choice;
    this.workbench.reset();
    this.heads.reset();
    this.continuation.reset();
    const { token } = this.models;
    const { backend } = this.settings;
    this.#openedOn = backend;
    const request = { source: choice.source, backend, ...(token ? { hubToken: token } : {}) };
    await this.#afterLoad(this.session.load(request));
  }

  /** Layers and heads of one model mean nothing in another. */
  #letGoOfModel(): void {
    this.selection.clear();
    this.selection.head = undefined;
    this.#curves = [];
    this.#ledger = undefined;
  }

  /** What a link chose counts once its own model answers its own text. */
  #takeView(choice: ModelChoice): void {
    const link = this.#link;
    if (!link || !isModelOf(choice, link.model)) return;
    this.#link = undefined;
    if (link.fields.prompt === this.workbench.fields.prompt) this.selection.restore(link);
    this.#curves = link.kept;
  }

  /** Asks again for the curves that a link keeps for comparison. */
  async #drawKept(): Promise<void> {
    const curves = this.#curves;
    this.#curves = [];
    if (curves.length === 0 || !this.canLens) return;
    const run = new ProbeRun<EmergenceResult>(this.api, 'emergence');
    let ended = false;
    const draw = async ({ position, ...asked }: SharedCurve): Promise<void> => {
      const response = await run.run(factOf(asked), { position: position ?? 'answer' });
      if (response?.prepared) this.kept.add(curvesToKeep(response.result, response.prepared, this.modelName));
      else if (!ended) this.note = 'share.keptLost';
    };
    await this.workbench.also(
      async () => {
        for (const curve of curves) if (!ended) await draw(curve);
      },
      () => {
        ended = true;
        run.cancel();
      },
    );
  }

  /** What each head does on random text; facts do not wait for it. */
  async #scoreHeads(): Promise<void> {
    if (!this.canAttend) return;
    await this.workbench.also(
      () => this.heads.run(undefined, {}),
      () => this.heads.cancel(),
    );
  }

  /** Does again what failed. */
  async tryAgain(): Promise<void> {
    if (this.workbench.error) await this.probe();
    else await this.#scoreHeads();
  }

  /** Loads the same model anew, e.g. on another backend. */
  async reloadModel(): Promise<void> {
    await this.choose(this.#choice);
  }

  /** Gives up WebGPU, for this and the next visits. */
  async useWasm(choice = this.#choice): Promise<void> {
    this.settings.backend = 'wasm';
    await this.choose(choice);
  }

  async retryModel(): Promise<void> {
    await this.#afterLoad(this.session.retry());
  }

  async #afterLoad(loading: Promise<unknown>): Promise<void> {
    if (!(await loading)) return;
    this.#working = this.#choice;
    await this.#answer();
    void this.#drawKept();
    void this.#scoreHeads();
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
      const ledger = await readLedger(await response.text());
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

  /** What the null puts in the subject's place. */
  readonly #others: readonly string[] = $derived.by(() => {
    const { prompt, subject } = this.workbench.fields;
    // Without an answer there is nothing that others could show as well.
    if (typeof this.#ledger !== 'object' || !subject || this.workbench.fact.answers.length === 0) return [];
    const asked = prompt.slice(...subject);
    return this.match
      ? otherSubjects(this.#ledger, this.match.fact, MAX_NULL_SUBJECTS, asked)
      : anySubjects(this.#ledger, asked, MAX_NULL_SUBJECTS);
  });

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
    // A range of characters of another text says nothing about this one.
    if (subject && this.workbench.prepared?.fact.prompt !== this.workbench.fields.prompt) return;
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

  async setMidLayers(value: boolean): Promise<void> {
    this.midLayers = value;
    await this.workbench.again(this.lens as ProbeRun<unknown>);
    const { result } = this.lens;
    // A switch says what is shown when the work for it was cancelled.
    if (result && this.#given(this.lens)) this.midLayers = result.table.rowDepth.some((depth) => depth % 1 !== 0);
  }

  async setVariant(value: Variant): Promise<void> {
    this.variant = value;
    const missing = (): boolean => {
      const { result } = this.attention;
      return (value === 'value' && !result?.valueWeighted) || (value === 'rollout' && !result?.rollout);
    };
    if (!missing()) return;
    await this.workbench.again(this.attention as ProbeRun<unknown>);
    if (missing() && this.variant === value && this.#given(this.attention)) this.variant = 'plain';
  }

  /** Nothing better than what is shown is on its way or was refused. */
  #given(run: Pick<ProbeRun<unknown>, 'working' | 'error'>): boolean {
    return !this.workbench.working && !run.working && run.error === undefined;
  }

  /** The column whose curve is drawn; the one before the answer is the usual one. */
  setColumn(position: number | undefined): void {
    const { prepared } = this.workbench;
    const usual = prepared && answerPosition(prepared);
    this.selection.column = position === usual ? undefined : position;
    if (this.selection.column === undefined) this.elsewhere.reset();
    else void this.workbench.again(this.elsewhere as ProbeRun<unknown>);
  }

  /** Lets go of pins and of what was chosen. */
  letGo(): boolean {
    const held = this.selection.clear();
    this.elsewhere.reset();
    return held;
  }

  get shared(): SharedState {
    const { head, column, looker, pins } = this.selection.chosen;
    const { backend } = this.settings;
    const kept = this.kept.curves.filter(({ model }) => model === this.modelName);
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
      kept: kept.map(({ fact, position }) => ({
        prompt: fact.prompt,
        answer: fact.answers.join('|'),
        foil: fact.foil ?? '',
        ...(position === undefined ? {} : { position }),
      })),
      continuation: this.continuation.options,
      ...(backend === 'auto' ? {} : { backend }),
    };
  }

  /** Link to what is on the page; the address bar takes it too. */
  link(): string {
    const fragment = writeFragment(this.shared);
    history.replaceState(null, '', fragment);
    return new URL(fragment, location.href).href;
  }

  /** @param instead What stands on the page when the link cannot be read. */
  #readLink(instead: Instead): 'none' | 'state' | 'refused' {
    const read = readFragment(location.hash);
    if (read.kind === 'none') return 'none';
    if (read.kind !== 'state') {
      this.note = instead[read.kind];
      return 'refused';
    }
    const { state } = read;
    this.note = undefined;
    this.#ownSubject = state.fields.subject !== undefined;
    this.workbench.set(state.fields);
    this.shading = state.shading;
    this.midLayers = state.midLayers;
    this.measure = state.measure;
    this.variant = state.variant;
    this.drawing = state.drawing;
    this.continuation.options = state.continuation;
    if (state.backend) this.settings.lendBackend(state.backend);
    this.selection.restore({ pins: [] });
    this.#link = state;
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
  /** The link read last, until its own model is opened. */
  #link: SharedState | undefined;
  /** Its kept curves, until they are drawn. */
  #curves: readonly SharedCurve[] = [];
  /** The backend asked for when the model was opened. */
  #openedOn: BackendChoice | undefined;
}
