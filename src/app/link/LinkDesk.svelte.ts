import { fieldsOf, type FactFields } from '../../core/fact';
import type { ModelChoice } from '../../core/model';
import { parseOptions } from '../../core/options';
import { CHECKPOINT_CHOICES, parseHubChoice, type HubChoice } from '../../models/choices';
import type { Selection } from '../../state/Selection.svelte';
import type { Settings } from '../../state/Settings.svelte';
import type { WordKey } from '../../views/words';
import type { FactDesk } from '../ask/FactDesk.svelte';
import type { ModelDesk } from '../models/ModelDesk.svelte';
import type { PageChapter } from '../shell/chapters';
import { readLink, writeLink } from './link';
import { isModelOf } from './link-model';
import type { FigureInLink, LinkState } from './link-state';

/** Settings are plain: what is written alike is the same. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What stands on the page in place of a link that cannot be read. */
export type Instead = Readonly<Record<'invalid' | 'newer', WordKey>>;
export const FIRST_INSTEAD: Instead = { invalid: 'share.first.invalid', newer: 'share.first.newer' };
export const STAYS: Instead = { invalid: 'share.kept.invalid', newer: 'share.kept.newer' };

/** What a link asks for and the page does not have: nothing is fetched until the person says so. */
export type Wanted =
  | { readonly kind: 'hub'; readonly choice: HubChoice }
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'unknown'; readonly name: string };

export interface LinkHost {
  readonly fact: FactDesk;
  readonly model: ModelDesk;
  readonly settings: Settings;
  readonly selection: Selection;
  note(key: WordKey | undefined): void;
  readonly chapter: () => PageChapter;
  readonly openChapter: (chapter: PageChapter) => void;
}

/** Typing changes the address this much later, so that it is not written at every key. */
const ADDRESS_PAUSE_MS = 400;

/** The address bar and shared links: what they say is taken in, what is on the page is written down. */
export class LinkDesk {
  /** A link's model that is not here. */
  wanted = $state.raw<Wanted | undefined>();
  readonly #host: LinkHost;
  #linkedChoice: ModelChoice | undefined;
  /** The link read last, until its own model is opened. */
  #link: LinkState | undefined;
  /** What it keeps for comparison, until that is drawn. */
  #kept: LinkState['figures'] = {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  /** @param instead what stands on the page when the link cannot be read. */
  read(instead: Instead): 'none' | 'state' | 'refused' {
    const { fact, settings, selection } = this.#host;
    const read = readLink(location.hash, this.#figures);
    if (read.kind === 'none') return 'none';
    if (read.kind !== 'state') {
      this.#host.note(instead[read.kind]);
      return 'refused';
    }
    const { state } = read;
    this.#host.note(state.unknown.length > 0 ? 'share.partly' : undefined);
    fact.put(state.fields);
    this.#host.openChapter(state.chapter);
    for (const { id, desk } of fact.figures.all) {
      desk.settings = parseOptions(desk.plan.settings, state.figures[id]?.settings);
    }
    if (state.backend) settings.lendBackend(state.backend);
    selection.restore({ pins: [] });
    this.#link = state;
    this.#wantModel(state.model);
    return 'state';
  }

  get #figures() {
    return this.#host.fact.figures.all.map(({ id, entry }) => ({
      id,
      settings: entry.settings,
      keeps: entry.keeps === true,
    }));
  }

  /** A link names its model; one that is not bundled is only ever looked for on this device. */
  #wantModel(id: string): void {
    const known = [...this.#host.model.models.choices, ...CHECKPOINT_CHOICES];
    this.#linkedChoice = known.find((choice) => choice.id === id);
    this.wanted = undefined;
    if (this.#linkedChoice) return;
    const choice = parseHubChoice(id);
    const folder = /^folder:(.+):[a-z0-9]+$/u.exec(id)?.[1];
    if (choice) this.wanted = { kind: 'hub', choice };
    else this.wanted = folder === undefined ? { kind: 'unknown', name: id } : { kind: 'folder', name: folder };
  }

  /** The model of the link, where it can answer without fetching anything. */
  async model(): Promise<ModelChoice | undefined> {
    const { wanted } = this;
    if (wanted?.kind !== 'hub') return this.#linkedChoice;
    const stored = await this.#host.model.models.findStored(wanted.choice);
    if (stored) this.wanted = undefined;
    return stored;
  }

  /** What a link chose counts once its own model answers its own text. */
  takeView(choice: ModelChoice): void {
    const link = this.#link;
    if (!link || !isModelOf(choice, link.model)) return;
    this.#link = undefined;
    if (link.fields.prompt === this.#host.fact.workbench.fields.prompt) this.#host.selection.restore(link.chosen);
    this.#kept = link.figures;
  }

  /** Another model: what was kept was kept of the one before. */
  leaveModel(): void {
    this.#kept = {};
  }

  /** Asks again for the answers that a link keeps for comparison. */
  async drawKept(): Promise<void> {
    const figures = this.#kept;
    this.#kept = {};
    const { all } = this.#host.fact.figures;
    for (const figure of all) {
      const asks = figures[figure.id]?.kept ?? [];
      const missing = figure.desk.missing(this.#host.model.session.info);
      if (asks.length === 0 || missing) continue;
      if (!(await this.#host.fact.figures.drawKept(figure, asks))) this.#host.note('share.keptLost');
    }
  }

  /** What is on the page, as a link carries it. */
  get state(): LinkState {
    const { fact, model, settings, selection } = this.#host;
    const { backend } = settings;
    return {
      chapter: this.#host.chapter(),
      fields: fact.workbench.fields,
      model: model.choice.id,
      ...(backend === 'auto' ? {} : { backend }),
      chosen: selection.chosen,
      figures: Object.fromEntries(fact.figures.all.map((figure) => [figure.id, this.#inLink(figure)])),
      unknown: [],
    };
  }

  #inLink({ desk }: FactDesk['figures']['all'][number]): FigureInLink {
    const usual = Object.entries(desk.usual as Record<string, unknown>);
    const settings = desk.settings as Record<string, unknown>;
    const own = desk.kept.answers.filter(({ modelId }) => modelId === this.#host.model.choice.id);
    return {
      settings: Object.fromEntries(
        usual.filter(([key, value]) => !isSame(settings[key], value)).map(([key]) => [key, settings[key]]),
      ),
      kept: own.map(({ fact, options }) => ({ fields: fieldsOf(fact), options })),
    };
  }

  /** Link to what is on the page; the address bar takes it too. */
  share(): string {
    clearTimeout(this.#timer);
    const fragment = writeLink(this.state);
    history.replaceState(null, '', fragment);
    return new URL(fragment, location.href).href;
  }

  /**
   * The address follows the page: a fact that was chosen is a step that Back goes back over; typing changes the step it
   * is on.
   */
  follow(how: 'typed' | 'chosen'): void {
    clearTimeout(this.#timer);
    if (how === 'typed') {
      this.#timer = setTimeout(() => this.#write('replaceState'), ADDRESS_PAUSE_MS);
      return;
    }
    const here = readLink(location.hash, this.#figures);
    const same = here.kind === 'state' && asksTheSame(here.state.fields, this.#host.fact.workbench.fields);
    this.#write(same ? 'replaceState' : 'pushState');
  }

  /** Another chapter: a step that Back goes back over. */
  step(): void {
    clearTimeout(this.#timer);
    this.#write('pushState');
  }

  /** The address stays as it is from now on. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #write(how: 'replaceState' | 'pushState'): void {
    // Without a text there is nothing that a link could open.
    if (this.#host.fact.workbench.fields.prompt === '') return;
    const fragment = writeLink(this.state);
    if (fragment !== location.hash) history[how](null, '', fragment);
  }
}

/** Another subject is a look at the same fact. */
function asksTheSame(one: FactFields, other: FactFields): boolean {
  return (['prompt', 'answer', 'foil', 'form', 'bos'] as const).every((field) => one[field] === other[field]);
}
