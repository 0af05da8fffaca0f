import { answerPosition, type FactFields, type PreparedFact } from '../../core/fact';
import type { AskContext } from '../../core/figure';
import type { ModelApi } from '../../core/model-api';
import type { ModelInfo } from '../../core/model';
import { needsLens, needsPatterns } from '../../core/needs';
import type { EmergenceResult } from '../../probes/emergence/meta';
import type { ProbeRun } from '../../state/ProbeRun.svelte';
import { Recent } from '../../state/Recent.svelte';
import type { Selection } from '../../state/Selection.svelte';
import { Workbench } from '../../state/Workbench.svelte';
import { FiguresDesk } from '../figures/FiguresDesk.svelte';
import { findName } from '../ledger/ledger';
import type { LedgerDesk } from '../ledger/LedgerDesk.svelte';
import { groundsOf, type Grounds } from '../verdict/grounds';
import type { NullStatus } from '../verdict/verdict';

/** Results follow typing after this pause, or a longer one where runs are long. */
const TYPING_PAUSE_MS = 60;

export interface FactHost {
  readonly api: ModelApi;
  readonly selection: Selection;
  readonly ledger: LedgerDesk;
  readonly info: () => ModelInfo | undefined;
  readonly model: () => { readonly id: string; readonly name: string };
  /** The fact was changed by typing, or another one was chosen. */
  readonly changed: (how: 'typed' | 'chosen') => void;
}

/** The fact on the page: what is typed, what it is about, and everything that answers it. */
export class FactDesk {
  readonly recent = new Recent();
  readonly figures: FiguresDesk;
  readonly workbench: Workbench;
  readonly #host: FactHost;
  /** The subject was chosen by a person, not found in the ledger. */
  #ownSubject = false;

  readonly match = $derived.by(() => this.#host.ledger.match(this.workbench.fact));
  /** The same of the fact that the verdict judges, which is an earlier one while there is no newer verdict. */
  readonly judgedMatch = $derived.by(() => {
    const fact = this.judged.latest?.fact;
    return fact && this.#host.ledger.match(fact);
  });
  /** That its prompt lies outside what the model was taught; undefined within it, and where that is not known. */
  readonly judgedOutside = $derived.by(() => {
    const { latest } = this.judged;
    if (!latest?.fact) return undefined;
    const { finalIds, entropyBits } = latest.response.result;
    const said = latest.response.labels[finalIds[0]!]?.text ?? '';
    return this.#host.ledger.outside(latest.fact.prompt, this.judgedMatch, {
      text: said,
      entropyBits: entropyBits.at(-1)!,
    });
  });
  /** What the null puts in the subject's place. */
  readonly #others: readonly string[] = $derived.by(() =>
    // Without an answer there is nothing that others could show as well.
    this.workbench.fact.answers.length > 0 ? this.#host.ledger.others(this.workbench.fields, this.match) : [],
  );
  /** What figures need to know to say what they want run. */
  readonly context: AskContext | undefined = $derived.by(() => {
    const info = this.#host.info();
    const tokens = this.workbench.prepared?.tokens.length ?? 0;
    const { column } = this.#host.selection;
    const { midLayers } = this.figures;
    return info && { info, tokens, column, midLayers, fact: this.workbench.fact, otherSubjects: this.#others };
  });

  constructor(host: FactHost) {
    this.#host = host;
    this.figures = new FiguresDesk({
      api: host.api,
      workbench: () => this.workbench,
      context: () => this.context,
      selection: host.selection,
      model: host.model,
    });
    this.workbench = new Workbench(host.api, this.figures.steps(), ({ tokens }) => {
      const dims = host.info()?.dims;
      if (dims) host.selection.keepWithin({ positions: tokens.length, ...dims });
    });
  }

  /** The answer's column, whichever a chart shows: the verdict is about it. */
  get judged(): ProbeRun<EmergenceResult> {
    return this.figures.get('emergence').desk.run('answer') as ProbeRun<EmergenceResult>;
  }

  /** The fact in tokens: as it was judged, where that is this fact, since the model decides how an answer joins. */
  get prepared(): PreparedFact | undefined {
    const { prepared } = this.workbench;
    const judged = this.judged.latest?.response.prepared;
    return prepared && judged && !this.judged.staleFor(prepared.fact) ? judged : prepared;
  }

  /** What there is to say whether an answer to the judged fact is right. */
  grounds(answer: string): Grounds {
    return groundsOf(answer, this.#host.ledger.ledger, this.judgedMatch, this.judgedOutside);
  }

  /** What other subjects show in the same sentence, or why that is not known. */
  get nullStatus(): NullStatus {
    if (this.judged.result?.null && !this.judged.staleFor(this.workbench.fact)) return 'known';
    const { ledger } = this.#host.ledger;
    if (ledger === undefined) return 'pending';
    if (ledger === 'none') return 'no-names';
    if (!this.workbench.fields.subject) return 'no-subject';
    return this.#others.length === 0 ? 'no-names' : this.workbench.working ? 'pending' : 'unknown';
  }

  /** The lens needs the residual stream; a model whose anatomy is unknown gives its logits only. */
  get canLens(): boolean {
    const info = this.#host.info();
    return info !== undefined && needsLens(info) === undefined;
  }
  get canAttend(): boolean {
    const info = this.#host.info();
    return info !== undefined && needsPatterns(info) === undefined;
  }

  /** All attention patterns of the prompt fit into memory. */
  get attentionFits(): boolean {
    const tokens = this.workbench.prepared?.tokens.length ?? 0;
    return tokens <= (this.#host.info()?.limits.attentionTokens ?? Infinity);
  }

  /** How much of the run under way is done, from 0 to 1; undefined where it is one step or none. */
  get share(): number | undefined {
    return this.figures.working?.run.share;
  }

  /** The fact of a link, before anything is run. */
  put(fields: FactFields): void {
    this.#ownSubject = fields.subject !== undefined;
    this.workbench.set(fields);
  }

  async answer(): Promise<void> {
    if (this.#host.info()) await this.workbench.run();
  }

  /** The ledger has come: it may know the subject, and others to hold it against. */
  async ledgerCame(known: boolean): Promise<void> {
    // What another model's ledger marked stays marked, as if the person had.
    if (!known) this.#ownSubject ||= this.workbench.fields.subject !== undefined;
    // What a person began meanwhile is not ended for what the page asks of itself.
    await this.figures.askedEnded();
    const before = this.workbench.fact;
    this.#findSubject();
    if (this.workbench.fact === before || !this.workbench.fields.subject) await this.workbench.turn('last');
    else if (this.#host.info()) await this.workbench.run(true);
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
      this.#host.selection.forgetPositions();
      const chosen = this.#ownSubject && before.subject ? before.prompt.slice(...before.subject) : undefined;
      const range = chosen === undefined ? undefined : findName(after.prompt, chosen);
      this.#ownSubject = range !== undefined;
      this.workbench.set(range ? { ...after, subject: range } : after);
    } else this.workbench.set(after);
    this.#findSubject();
    this.#host.changed('typed');
    if (this.#host.info()) this.workbench.runSoon(TYPING_PAUSE_MS);
  }

  setSubject(subject: readonly [number, number] | undefined): void {
    // A range of characters of another text says nothing about this one.
    if (subject && this.workbench.prepared?.fact.prompt !== this.workbench.fields.prompt) return;
    this.#ownSubject = true;
    this.workbench.set({ ...this.workbench.fields, subject });
    this.#host.changed('typed');
    if (this.#host.info()) this.workbench.runSoon(0);
  }

  /** The button, Enter, or a fact from the gallery: answers now and is remembered. */
  async probe(fields?: FactFields): Promise<void> {
    if (fields) {
      if (fields.prompt !== this.workbench.fields.prompt) this.#host.selection.forgetPositions();
      this.put(fields);
      this.#findSubject();
    }
    this.recent.add(this.workbench.fields);
    this.#host.changed('chosen');
    await this.answer();
  }

  /** The column whose curve is drawn; the one before the answer is the usual one. */
  async setColumn(position: number | undefined): Promise<void> {
    const { prepared } = this.workbench;
    const usual = prepared && answerPosition(prepared);
    this.#host.selection.column = position === usual ? undefined : position;
    await this.figures.followColumn();
    this.#settleColumn(usual);
    this.#host.changed('typed');
  }

  /** Where the run for another column was given up, the one that is shown is the chosen one again. */
  #settleColumn(usual: number | undefined): void {
    const { selection } = this.#host;
    const { desk } = this.figures.get('emergence');
    const run = this.figures.shown(desk) as ProbeRun<EmergenceResult>;
    const shown = run.result?.position;
    if (this.workbench.working || this.workbench.error || shown === undefined) return;
    if (shown !== (selection.column ?? usual)) selection.column = shown === usual ? undefined : shown;
  }

  /** Forgets all answers, e.g. before another model answers. */
  reset(): void {
    this.workbench.reset();
    this.figures.reset();
  }
}
