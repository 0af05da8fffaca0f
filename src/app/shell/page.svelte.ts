import { ServiceWorkerClient, type ServiceWorkerState } from '../../client/service-worker';
import type { ErrorRecord } from '../../core/errors';
import type { FactFields } from '../../core/fact';
import type { ModelChoice } from '../../core/model';
import { DEFAULT_CHOICE } from '../../models/choices';
import { Selection } from '../../state/Selection.svelte';
import { Settings } from '../../state/Settings.svelte';
import type { WordKey } from '../../views/words';
import { FactDesk } from '../ask/FactDesk.svelte';
import { LedgerDesk } from '../ledger/LedgerDesk.svelte';
import { FIRST_INSTEAD, LinkDesk, STAYS } from '../link/LinkDesk.svelte';
import { ModelDesk } from '../models/ModelDesk.svelte';
import type { PageChapter } from './chapters';

export const FIRST_FACT: FactFields = { prompt: 'The capital of France is', answer: 'Paris', foil: 'London' };
export const EXAMPLES: readonly FactFields[] = [
  FIRST_FACT,
  { prompt: 'What is the capital of Japan? It is', answer: 'Tokyo', foil: 'Beijing' },
];

export type Dialog = 'gallery' | 'export' | 'models' | 'ruler' | `help-${string}`;

/** Everything the page holds: a few desks, put together once. Components read and call them. */
export class Page {
  readonly settings = new Settings();
  readonly selection = new Selection();
  readonly serviceWorker = new ServiceWorkerClient();
  readonly ledger = new LedgerDesk();
  readonly model = new ModelDesk(this.settings, {
    left: () => {
      this.selection.clear();
      this.ledger.forget();
      this.link.leaveModel();
    },
    opening: (choice) => {
      this.link.takeView(choice);
      this.fact.reset();
    },
    opened: () => this.#opened(),
    note: (key) => (this.note = key),
  });
  readonly fact = new FactDesk({
    api: this.model.api,
    selection: this.selection,
    ledger: this.ledger,
    info: () => this.model.session.info,
    model: () => ({ id: this.model.choice.id, name: this.model.name }),
    changed: (how) => this.link.follow(how),
  });
  readonly link = new LinkDesk({
    fact: this.fact,
    model: this.model,
    settings: this.settings,
    selection: this.selection,
    note: (key) => (this.note = key),
    chapter: () => this.chapter,
    openChapter: (chapter) => (this.chapter = chapter),
  });

  /** Where one is; fact, selection and settings stay when one moves between chapters. */
  chapter = $state<PageChapter>('fact');
  /** The part of the dialog "Models" that is in front. */
  modelsTab = $state<'all' | 'about'>('all');
  dialog = $state<Dialog | undefined>();
  touring = $state(false);
  /** One sheet for a class is asked for, instead of the page. */
  handout = $state(false);
  note = $state<WordKey | undefined>();
  online = $state(navigator.onLine);
  shell = $state.raw<ServiceWorkerState>(this.serviceWorker.state);

  /** Everything the app needs without a network is on this device. */
  readonly offlineReady = $derived(
    this.shell.shell === 'ready' &&
      this.model.session.info !== undefined &&
      this.model.session.stored &&
      this.model.choice.source.kind !== 'folder',
  );

  /** What went wrong last: with the fact, or beside it. */
  get error(): ErrorRecord | undefined {
    return this.fact.workbench.error ?? this.fact.figures.modelError;
  }

  /** Reads the link, loads the model and answers the first fact. Returns what undoes the listening. */
  start(): () => void {
    const undo = [this.settings.attach(), this.serviceWorker.subscribe((state) => (this.shell = state))];
    const network = (): void => {
      this.online = navigator.onLine;
    };
    const moved = (): void => {
      if (this.link.read(STAYS) === 'state') void this.#follow();
    };
    const listeners = [
      ['online', network],
      ['offline', network],
      ['hashchange', moved],
    ] as const;
    for (const [name, listener] of listeners) addEventListener(name, listener);
    undo.push(() => listeners.forEach(([name, listener]) => removeEventListener(name, listener)));
    undo.push(() => this.link.stop());
    if (this.link.read(FIRST_INSTEAD) !== 'state') this.fact.put(FIRST_FACT);
    void this.#boot();
    return () => undo.forEach((one) => one());
  }

  async #boot(): Promise<void> {
    if ((await this.serviceWorker.start()) === 'reloading') return;
    await this.model.first((await this.link.model()) ?? DEFAULT_CHOICE);
    await this.serviceWorker.install();
  }

  /** Another link in the same tab, or a step back: its model, if it is here, and its fact. */
  async #follow(): Promise<void> {
    const linked = await this.link.model();
    if (linked && !this.model.answersAs(linked)) {
      await this.model.choose(linked);
      return;
    }
    if (linked) this.link.takeView(linked);
    await this.fact.answer();
    await this.link.drawKept();
  }

  async #opened(): Promise<void> {
    const choice: ModelChoice = this.model.choice;
    await this.fact.answer();
    void this.link.drawKept();
    void this.fact.figures.aboutModel();
    const known = await this.ledger.load(choice, () => this.model.choice === choice);
    if (this.model.choice === choice) await this.fact.ledgerCame(known);
    if (!this.settings.tourSeen && this.fact.judged.result) this.touring = true;
  }

  /** Moves to a chapter; Back goes back. */
  openChapter(chapter: PageChapter): void {
    if (chapter === this.chapter) {
      scrollTo({ top: 0 });
      return;
    }
    this.chapter = chapter;
    this.link.step();
  }

  /** Does again what failed. */
  async tryAgain(): Promise<void> {
    if (this.fact.workbench.error) await this.fact.probe();
    else await this.fact.figures.aboutModel();
  }

  /** Lets go of pins and of what was chosen. */
  letGo(): boolean {
    const held = this.selection.clear();
    void this.fact.figures.followColumn();
    return held;
  }
}
