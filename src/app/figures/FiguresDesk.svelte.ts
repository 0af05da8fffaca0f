import { factOf, type Fact, type FactFields } from '../../core/fact';
import { TURNS, type AskContext, type Turn } from '../../core/figure';
import type { ModelApi, ProbeResponse } from '../../core/model-api';
import { FigureDesk, type KeptAsk } from '../../state/FigureDesk.svelte';
import { keptKey, type KeptAnswer } from '../../state/Kept.svelte';
import { ProbeRun } from '../../state/ProbeRun.svelte';
import type { Selection } from '../../state/Selection.svelte';
import type { Step, Workbench } from '../../state/Workbench.svelte';
import type { FigureEntry } from '../../views/figure-entry';
import { findFigures } from './registry';

/** One figure of the page: what it is, and how it stands. */
export interface PageFigure {
  readonly id: string;
  readonly entry: FigureEntry<unknown, unknown, unknown>;
  readonly desk: FigureDesk;
}

/** What the figures need to know of the rest of the page. */
export interface FiguresHost {
  readonly api: ModelApi;
  readonly workbench: () => Workbench;
  /** Undefined without a model or a fact in tokens. */
  readonly context: () => AskContext | undefined;
  readonly selection: Pick<Selection, 'column'>;
  readonly model: () => { readonly id: string; readonly name: string };
}

/** All figures of the page, as their folders are found: their order, their runs, their settings. */
export class FiguresDesk {
  readonly all: readonly PageFigure[];
  readonly #host: FiguresHost;

  constructor(host: FiguresHost, registered = findFigures()) {
    this.#host = host;
    this.all = registered.map(({ meta, entry }) => ({
      id: meta.id,
      entry,
      desk: new FigureDesk(host.api, meta, entry),
    }));
  }

  /** One of them shows the rows in the middle of each layer. */
  get midLayers(): boolean {
    return this.all.some(({ desk }) => (desk.settings as { readonly midLayers?: boolean }).midLayers === true);
  }

  /** Whose words the figures need: the folders of the probes. */
  get rooms(): readonly string[] {
    return this.all.map(({ id }) => id);
  }

  get(id: string): PageFigure {
    const figure = this.all.find((one) => one.id === id);
    if (!figure) throw new RangeError(`There is no figure ${id}.`);
    return figure;
  }

  /** Fetches their pictures before there is anything to show: whatever could not be fetched is asked for again then. */
  fetchViews(): void {
    for (const { entry } of this.all) void entry.view?.().catch(() => undefined);
  }

  /** What runs for each fact, in the order of turns, figures and slots; a step is wanted when its figure asks for it. */
  steps(): readonly Step[] {
    return TURNS.flatMap((turn) =>
      this.all
        .filter(({ desk }) => desk.meta.subject === 'fact')
        .flatMap(({ desk }) => desk.plan.slots.map((slot) => this.#step(desk, turn, slot))),
    );
  }

  #step(desk: FigureDesk, turn: Turn, slot: string): Step {
    const ask = () => desk.ask(turn, slot, this.#host.context());
    return { run: desk.run(slot), wanted: () => ask() !== undefined, options: () => ask()?.options, turn };
  }

  /** Runs what is about the model itself; facts do not wait for it. */
  async aboutModel(): Promise<void> {
    const context = this.#host.context();
    const asked = this.all
      .filter(({ desk }) => desk.meta.subject === 'model')
      .flatMap(({ desk }) =>
        desk.plan.slots.flatMap((slot) => {
          const ask = desk.ask('usual', slot, context);
          return ask ? [{ run: desk.run(slot), options: ask.options }] : [];
        }),
      );
    let ended = false;
    let current: ProbeRun<unknown, unknown> | undefined;
    await this.#host.workbench().also(
      async () => {
        for (const { run, options } of asked) {
          if (ended) return;
          current = run;
          await run.run(undefined, options);
        }
      },
      () => {
        ended = true;
        current?.cancel();
      },
    );
  }

  /** The run for the fact on the page that is under way. */
  get working(): { readonly figure: PageFigure; readonly run: ProbeRun<unknown, unknown> } | undefined {
    for (const figure of this.all) {
      if (figure.desk.meta.subject !== 'fact' || figure.desk.meta.when === 'asked') continue;
      const run = figure.desk.runs.find((one) => one.working);
      if (run) return { figure, run };
    }
    return undefined;
  }

  /** What went wrong with a probe of the model itself. */
  get modelError() {
    const own = this.all.filter(({ desk }) => desk.meta.subject === 'model').flatMap(({ desk }) => desk.runs);
    return own.find((run) => run.error)?.error;
  }

  /** Changes settings of a figure and makes the runs again that they need. */
  async change({ desk }: PageFigure, part: Record<string, unknown>): Promise<void> {
    await this.#change(desk, part);
    await this.#follow(desk);
  }

  /** Figures beside the one that was changed show the same rows: their runs that were asked for others are made again. */
  async #follow(changed: FigureDesk): Promise<void> {
    const { fields } = this.#host.workbench();
    const late = this.all.flatMap(({ desk }) => (desk === changed ? [] : desk.late(this.#host.context())));
    if (late.length === 0) return;
    let ended = false;
    const goesOn = (): boolean => !ended && this.#host.workbench().fields === fields;
    const follow = async (): Promise<void> => {
      for (const run of late) if (goesOn()) await this.#host.workbench().again(run);
      if (goesOn()) await this.#host.workbench().turn('last');
    };
    await this.#host.workbench().also(follow, () => {
      ended = true;
    });
  }

  async #change(desk: FigureDesk, part: Record<string, unknown>): Promise<void> {
    for (const run of desk.change(part, this.#host.context())) {
      const workbench = this.#host.workbench();
      await workbench.again(run);
      // Nothing better than what is shown is on its way, or was refused.
      if (!workbench.working && !run.working && run.error === undefined) desk.settle(run);
    }
  }

  /** Figures of one column follow the one that was chosen. */
  async followColumn(): Promise<void> {
    for (const { desk } of this.all) {
      const { column } = this.#host.selection;
      const [usual, ...others] = desk.plan.slots;
      const slot = desk.plan.shows?.({ column }) ?? usual;
      if (slot === usual) for (const other of others) desk.run(other).reset();
      else await this.#host.workbench().again(desk.run(slot));
    }
  }

  /** Begins work that only runs when it is asked for. */
  start({ desk }: PageFigure, fields: FactFields): void {
    const context = this.#host.context();
    const slot = desk.plan.slots[0];
    const ask = context && desk.plan.asks('usual', desk.settings, context).find((one) => one.slot === slot);
    if (!ask) return;
    const fact = factOf(fields);
    // What needs no answer is not asked again because another one is expected.
    void desk.run(slot).run(desk.meta.needsAnswer ? fact : { ...fact, answers: [] }, ask.options);
  }

  /** Resolves when nothing is under way any more that a person began. */
  async askedEnded(): Promise<void> {
    const asked = this.all.filter(({ desk }) => desk.meta.when === 'asked').flatMap(({ desk }) => desk.runs);
    await Promise.all(asked.map((run) => run.ended()));
  }

  /** Keeps what a figure shows for comparison, or lets go of it when it is kept already. */
  keep({ desk }: PageFigure): void {
    const run = this.shown(desk);
    const kept = run && this.#asKept(desk, run);
    if (!kept) return;
    if (desk.kept.has(kept.key)) desk.kept.remove(kept.key);
    else desk.kept.add(kept);
  }

  isKept({ desk }: PageFigure): boolean {
    const run = this.shown(desk);
    const kept = run && this.#asKept(desk, run);
    return kept !== undefined && desk.kept.has(kept.key);
  }

  /** The run whose answer a figure shows. */
  shown(desk: FigureDesk): ProbeRun<unknown, unknown> {
    return desk.shown(this.#host.workbench().fields.prompt, this.#host.selection.column);
  }

  #asKept(desk: FigureDesk, run: ProbeRun<unknown, unknown>): KeptAnswer<unknown> | undefined {
    const fact = run.latest?.response.prepared?.fact;
    if (!run.latest || !fact) return undefined;
    // Only what was chosen for another slot is not as usual.
    const chosen = run === desk.run(desk.plan.slots[0]) ? {} : (run.latest.options as Record<string, unknown>);
    return this.#keptAnswer(fact, chosen, run.latest.response);
  }

  #keptAnswer(fact: Fact, options: Readonly<Record<string, unknown>>, response: ProbeResponse): KeptAnswer<unknown> {
    const { id, name } = this.#host.model();
    return { key: keptKey(id, fact, options), fact, options, modelId: id, model: name, response };
  }

  /** Asks again for what a link wants kept. True when all of it was answered. */
  async drawKept({ desk }: PageFigure, asks: readonly KeptAsk[]): Promise<boolean> {
    const run = new ProbeRun<unknown>(this.#host.api, desk.id);
    let ended = false;
    let complete = true;
    const draw = async ({ fields, options }: KeptAsk): Promise<void> => {
      const fact = factOf(fields);
      const response = await run.run(fact, options);
      if (response) desk.kept.add(this.#keptAnswer(fact, options, response));
      else if (!ended) complete = false;
    };
    await this.#host.workbench().also(
      async () => {
        for (const ask of asks) if (!ended) await draw(ask);
      },
      () => {
        ended = true;
        run.cancel();
      },
    );
    return complete;
  }

  reset(): void {
    for (const { desk } of this.all) desk.reset();
  }
}
