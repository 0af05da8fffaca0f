import { TURNS, type Ask, type AskContext, type FigurePlan, type Turn } from '../core/figure';
import type { ModelApi } from '../core/model-api';
import { parseOptions } from '../core/options';
import type { Missing, ProbeMeta } from '../core/probe';
import type { ModelInfo } from '../core/model';
import { Kept } from './Kept.svelte';
import { ProbeRun } from './ProbeRun.svelte';
import type { FactFields } from '../core/fact';

/** A question whose answer a link wants to have kept. */
export interface KeptAsk {
  readonly fields: Omit<FactFields, 'subject'>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The state of one figure: what is set in it, what its probe answered, what is kept for comparison. */
export class FigureDesk<Settings = unknown, Options = unknown, Result = unknown, Part = unknown> {
  readonly meta: ProbeMeta<Options>;
  readonly plan: FigurePlan<Settings, Options, Result>;
  readonly kept = new Kept<Result>();
  readonly #runs: ReadonlyMap<string, ProbeRun<Result, Part>>;
  #settings = $state.raw() as Settings;

  constructor(api: ModelApi, meta: ProbeMeta<Options>, plan: FigurePlan<Settings, Options, Result>) {
    this.meta = meta;
    this.plan = plan;
    this.#runs = new Map(plan.slots.map((slot) => [slot, new ProbeRun<Result, Part>(api, meta.id)]));
    this.#settings = this.usual;
  }

  get id(): string {
    return this.meta.id;
  }
  /** Every run of the figure, in the order of its slots. */
  get runs(): readonly ProbeRun<Result, Part>[] {
    return [...this.#runs.values()];
  }
  get settings(): Settings {
    return this.#settings;
  }
  set settings(value: Settings) {
    this.#settings = value;
  }
  /** The settings nobody has touched. */
  get usual(): Settings {
    return parseOptions(this.plan.settings, undefined);
  }

  run(slot: string): ProbeRun<Result, Part> {
    const run = this.#runs.get(slot);
    if (!run) throw new RangeError(`The figure ${this.id} has no slot ${slot}.`);
    return run;
  }

  /** The run whose answer is shown: the one asked for once it answers this prompt, else the first. */
  shown(prompt: string, column: number | undefined): ProbeRun<Result, Part> {
    const first = this.run(this.plan.slots[0]);
    const wanted = this.plan.shows ? this.run(this.plan.shows({ column })) : first;
    return wanted.latest?.fact?.prompt === prompt ? wanted : first;
  }

  missing(info: ModelInfo | undefined): Missing | undefined {
    return info && this.meta.needs(info);
  }

  /** What is wanted of a slot in a turn; undefined when nothing is, or this model has nothing for it. */
  ask(turn: Turn, slot: string, context: AskContext | undefined): Ask<Options> | undefined {
    if (!context || this.meta.when === 'asked' || this.missing(context.info)) return undefined;
    return this.plan.asks(turn, this.#settings, context).find((ask) => ask.slot === slot);
  }

  /** Changes settings. @returns the runs that have to be made again for it. */
  change(part: Partial<Settings>, context: AskContext | undefined): readonly ProbeRun<Result, Part>[] {
    const asked = () =>
      this.plan.slots.map((slot) => JSON.stringify(TURNS.map((turn) => this.ask(turn, slot, context)?.options)));
    const before = asked();
    this.#settings = { ...this.#settings, ...part };
    const after = asked();
    return this.runs.filter((_, index) => before[index] !== after[index]);
  }

  /** Runs that answer, or are about to, what nothing asks for any more: a figure beside this one was changed. */
  late(context: AskContext | undefined): readonly ProbeRun<Result, Part>[] {
    return this.plan.slots.flatMap((slot) => {
      const run = this.run(slot);
      const asks = TURNS.flatMap((turn) => this.ask(turn, slot, context) ?? []);
      const asked = JSON.stringify(run.asked);
      const answers = asks.length === 0 || asked === undefined;
      return answers || asks.some(({ options }) => JSON.stringify(options) === asked) ? [] : [run];
    });
  }

  /** Once nothing better is on its way, the settings say what is shown. */
  settle(run: ProbeRun<Result, Part>): void {
    const { result } = run;
    if (this.plan.settle && result !== undefined) this.#settings = this.plan.settle(this.#settings, result);
  }

  reset(): void {
    for (const run of this.runs) run.reset();
  }
}
