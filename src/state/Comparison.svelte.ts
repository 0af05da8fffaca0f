import { StrataError, type ErrorRecord } from '../core/errors';
import type { Fact } from '../core/fact';
import type { LoadProgress, LoadRequest, ModelApi, ProbeResponse } from '../core/model-api';
import type { LoadNote, ModelChoice, ModelInfo } from '../core/model';

export const SIDES = ['first', 'second'] as const;
export type Side = (typeof SIDES)[number];

/** One model's answer, with everything needed to say where it comes from. */
export interface Compared<Result> {
  readonly choice: ModelChoice;
  readonly info: ModelInfo;
  readonly response: ProbeResponse<Result>;
  /** Things that happened while loading and that a person should know. */
  readonly notes: readonly LoadNote[];
}

export type SideStatus<Result> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly choice: ModelChoice }
  | { readonly kind: 'loading'; readonly choice: ModelChoice; readonly progress: LoadProgress | undefined }
  | { readonly kind: 'probing'; readonly choice: ModelChoice }
  | { readonly kind: 'done'; readonly answer: Compared<Result> }
  | { readonly kind: 'failed'; readonly choice: ModelChoice; readonly error: ErrorRecord }
  | { readonly kind: 'cancelled'; readonly choice: ModelChoice };

export interface ComparisonHost {
  /** A model of its own in another worker; ended by `dispose`. */
  readonly open: () => ModelApi;
  /** What the page has loaded already: that choice is asked there and never loaded twice. */
  readonly loaded: () => { readonly choiceId: string; readonly api: ModelApi; readonly info: ModelInfo } | undefined;
  readonly request: (choice: ModelChoice) => LoadRequest;
}

/** What both models are asked. */
export interface Question {
  readonly probe: string;
  readonly fact: Fact;
  readonly options: unknown;
}

const IDLE = { kind: 'idle' } as const;

/**
 * One question to two models, one after the other, so that only one of them needs memory at a time beside the page's
 * own. A side that is done stays when the other fails or is cancelled, and is not asked again for the same question.
 */
export class Comparison<Result> {
  readonly #host: ComparisonHost;
  #sides = $state.raw<Readonly<Record<Side, SideStatus<Result>>>>({ first: IDLE, second: IDLE });
  #question = $state.raw<Question | undefined>();
  #controller = $state.raw<AbortController | undefined>();
  /** Ends when the run before has let go of its worker's memory. */
  #ended: Promise<void> = Promise.resolve();

  constructor(host: ComparisonHost) {
    this.#host = host;
  }

  get first(): SideStatus<Result> {
    return this.#sides.first;
  }
  get second(): SideStatus<Result> {
    return this.#sides.second;
  }
  /** What the sides' answers belong to. */
  get question(): Question | undefined {
    return this.#question;
  }
  get working(): boolean {
    return this.#controller !== undefined;
  }

  /** Asks both. Resolves when both have ended, well or badly, or were cancelled; never throws: see the sides. */
  async compare(question: Question, choices: Readonly<Record<Side, ModelChoice>>): Promise<void> {
    this.cancel();
    const same = JSON.stringify(question) === JSON.stringify(this.#question);
    this.#question = question;
    const asked = SIDES.filter((side) => !(same && this.#has(side, choices[side])));
    for (const side of asked) this.#set(side, { kind: 'waiting', choice: choices[side] });
    await this.#run(question, asked);
  }

  /** Asks one side again, e.g. after it failed. */
  async retry(side: Side): Promise<void> {
    const status = this.#sides[side];
    if (!this.#question || !('choice' in status)) return;
    this.cancel();
    this.#set(side, { kind: 'waiting', choice: status.choice });
    await this.#run(this.#question, [side]);
  }

  /** Stops what is under way; a finished side stays. */
  cancel(): void {
    this.#controller?.abort();
    this.#controller = undefined;
    for (const side of SIDES) {
      const status = this.#sides[side];
      const open = status.kind === 'waiting' || status.kind === 'loading' || status.kind === 'probing';
      if (open) this.#set(side, { kind: 'cancelled', choice: status.choice });
    }
  }

  /** Forgets both answers, e.g. when another fact is on the page. */
  reset(): void {
    this.cancel();
    this.#question = undefined;
    this.#sides = { first: IDLE, second: IDLE };
  }

  #has(side: Side, choice: ModelChoice): boolean {
    const status = this.#sides[side];
    return status.kind === 'done' && sameChoice(status.answer.choice, choice);
  }

  #set(side: Side, status: SideStatus<Result>): void {
    this.#sides = { ...this.#sides, [side]: status };
  }

  async #run(question: Question, sides: readonly Side[]): Promise<void> {
    const controller = new AbortController();
    this.#controller = controller;
    const before = this.#ended;
    this.#ended = (async () => {
      await before;
      for (const side of sides) {
        const status = this.#sides[side];
        if (controller.signal.aborted || status.kind !== 'waiting') break;
        await this.#ask(side, status.choice, question, controller.signal);
      }
    })();
    await this.#ended;
    if (this.#controller === controller) this.#controller = undefined;
  }

  async #ask(side: Side, choice: ModelChoice, question: Question, signal: AbortSignal): Promise<void> {
    const tell = (status: SideStatus<Result>): void => {
      if (!signal.aborted) this.#set(side, status);
    };
    try {
      const answer = await this.#answer(choice, question, signal, tell);
      tell({ kind: 'done', answer });
    } catch (cause) {
      tell({ kind: 'failed', choice, error: StrataError.from(cause).toRecord() });
    }
  }

  async #answer(
    choice: ModelChoice,
    { probe, fact, options }: Question,
    signal: AbortSignal,
    tell: (status: SideStatus<Result>) => void,
  ): Promise<Compared<Result>> {
    const notes: LoadNote[] = [];
    const ask = async (api: ModelApi, info: ModelInfo): Promise<Compared<Result>> => {
      tell({ kind: 'probing', choice });
      return { choice, info, notes, response: await api.runProbe<Result>({ probe, fact, options }, { signal }) };
    };
    const here = this.#host.loaded();
    if (here?.choiceId === choice.id) return ask(here.api, here.info);
    tell({ kind: 'loading', choice, progress: undefined });
    const api = this.#host.open();
    try {
      const onProgress = (progress: LoadProgress): void => {
        if (progress.stage === 'note') notes.push(progress.note);
        else tell({ kind: 'loading', choice, progress });
      };
      return await ask(api, await api.load(this.#host.request(choice), { signal, onProgress }));
    } finally {
      await api.dispose();
    }
  }
}

/** A folder opened again under the same name may hold other files. */
function sameChoice(a: ModelChoice, b: ModelChoice): boolean {
  const files = ({ source }: ModelChoice): unknown => (source.kind === 'folder' ? source.files : undefined);
  return a.id === b.id && files(a) === files(b);
}
