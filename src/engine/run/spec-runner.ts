import { StrataError, throwIfAborted } from '../../core/errors';
import { blockHook, type HookName } from '../../core/hooks';
import type { ModelInfo } from '../../core/model';
import type { Stage, RunSpec, Trace } from '../../core/run';
import { tensor, type Tensor } from '../../core/tensor';
import type { Anatomy } from '../../onnx/anatomy';
import { unsupported } from '../../onnx/unsupported';
import type { TraceOptions } from '../engine';
import type { Seats } from '../session/seats';
import { resolvePositions, type LensRows, type TailSession } from '../session/tail-session';
import type { TrunkSession } from '../session/trunk-session';
import { CleanMeans } from './clean-means';
import { cutLayers, meanHooks, planInterventions, pointsOf, type InterventionPlan } from './compile';
import { missingReason } from './missing';
import { SeenRows } from './open-rows';
import { checkLength, roomBesideTwo, roomForRuns, runBytes, runsThatFit } from './run-memory';
import { lastStream, lensRows, streamHooks } from './stream-hooks';
import { checkFinite, checkLogits, hookValue, rowOf } from './values';

const NO_INTERVENTIONS: InterventionPlan = {
  points: [],
  cleanHooks: [],
  rows: [],
  checkRows: () => undefined,
  feeds: () => new Map(),
};

/** A spec that has been held to the model: what to run, and what it takes. */
export interface PreparedRun {
  readonly spec: RunSpec;
  readonly plan: InterventionPlan;
  /** Hooks to read from the layers. */
  readonly wanted: readonly HookName[];
  readonly rows: LensRows | undefined;
  readonly bytes: number;
}

/** Raw values of one pass through the layers, those of several prompts one after another. */
type PassValues = ReadonlyMap<HookName, Float32Array>;

/** What is run. */
export interface RunnerParts {
  readonly info: ModelInfo;
  readonly anatomy: Anatomy | undefined;
  readonly seats: Seats<TrunkSession>;
  readonly tail: TailSession | undefined;
}

/** Runs specs on the sessions of a model, one or several of equal length at a time. */
export class SpecRunner {
  /** The last pass of a single run, since a lens in two parts needs it twice. */
  private lastPass: { readonly key: string; readonly values: PassValues } | undefined;
  private readonly means: CleanMeans;
  private readonly seen: SeenRows;

  constructor(private readonly parts: RunnerParts) {
    this.means = new CleanMeans((prompts, hooks) => this.cleanValues(prompts, hooks));
    this.seen = new SeenRows(
      (prompts, hooks) => this.cleanValues(prompts, hooks),
      (layer) => parts.anatomy?.sites.has(blockHook(layer, 'attn.hook_pattern')) ?? false,
    );
  }

  /**
   * Builds in what a stage may use.
   * @throws StrataError `unknown-hook`, `invalid-intervention` for a place that the model does not have.
   */
  async reserve({ interventions = [] }: Stage): Promise<void> {
    const { anatomy, seats } = this.parts;
    if (interventions.length === 0) return;
    await seats.reserve(pointsOf(interventions, this.known(anatomy)));
    this.means.expect(meanHooks(interventions));
    this.seen.expect(cutLayers(interventions));
  }

  /** Forgets what was kept for a stage. */
  endStage(): void {
    this.means.clear();
    this.seen.clear();
  }

  /**
   * Holds a spec to the model before anything is run.
   * @throws StrataError `unknown-hook`, `invalid-intervention`, `invalid-request`, `prompt-too-long`, `empty-prompt`.
   */
  prepare(spec: RunSpec): PreparedRun {
    const { info, anatomy, tail } = this.parts;
    const length = this.checkTokens(spec.tokens);
    this.checkHooks(spec);
    const plan =
      spec.interventions.length > 0
        ? planInterventions(spec.interventions, this.known(anatomy), length)
        : NO_INTERVENTIONS;
    const rows = spec.lens ? lensRows(anatomy, spec.lens) : undefined;
    if (spec.lens) resolvePositions(spec.lens.positions, length);
    const wanted = new Set<HookName>([
      ...spec.captures.filter((hook) => anatomy?.sites.has(hook)),
      ...(rows?.hooks ?? []),
      lastStream(this.parts.anatomy) ?? 'logits',
    ]);
    if (spec.captures.includes('logit_lens')) for (const hook of streamHooks(this.parts.anatomy)) wanted.add(hook);
    const hooks = [...new Set([...wanted, ...spec.captures, ...streamHooks(anatomy)])];
    const perToken = tail?.bytesPerToken(spec.lens?.targets.length ?? 0);
    checkLength(info, length, hooks, perToken);
    return { spec, plan, wanted: [...wanted], rows, bytes: runBytes(info.dims, length, hooks, perToken) };
  }

  /** How many runs like this one there is memory for at once. */
  fit({ bytes }: PreparedRun): number {
    const { info, seats } = this.parts;
    return runsThatFit(bytes, seats.holdsTwo ? roomBesideTwo(info) : roomForRuns(info));
  }

  /**
   * Runs specs of one length, with the same captures and lens, together.
   * @throws StrataError `run-failed`, `non-finite`, `cancelled`, …
   */
  async run(runs: readonly PreparedRun[], options: TraceOptions): Promise<Trace[]> {
    const begin = performance.now();
    throwIfAborted(options.signal);
    const values = await (runs.length === 1 ? this.single(runs[0]!) : this.together(runs));
    throwIfAborted(options.signal);
    const captures = await this.captures(runs, values, options.signal);
    const lenses = await this.lenses(runs, values, options);
    const milliseconds = (performance.now() - begin) / runs.length;
    return runs.map(({ spec }, index) => {
      const lens = lenses?.[index];
      return { spec, captures: captures[index]!, ...(lens ? { lens } : {}), milliseconds };
    });
  }

  /** Logits `[d_vocab]` after the last of the tokens. */
  async lastLogits(tokens: readonly number[], signal: AbortSignal | undefined): Promise<Float32Array> {
    const { info, tail } = this.parts;
    const last = lastStream(this.parts.anatomy);
    const run = this.prepare({ tokens, interventions: [], captures: last ? [] : ['logits'] });
    throwIfAborted(signal);
    const pass = await this.single(run);
    const values = pass.get(last ?? 'logits')!;
    if (!last || !tail) return checked(values.slice(values.length - info.dims.d_vocab), info.dims.d_vocab);
    return checked(await tail.wide('logits', [values], [tokens.length - 1], signal), info.dims.d_vocab);
  }

  /** One pass through the layers; the one before answers where it can. */
  private async single(run: PreparedRun): Promise<PassValues> {
    const key = JSON.stringify([run.spec.tokens, run.spec.interventions]);
    const kept = this.lastPass?.key === key ? this.lastPass.values : undefined;
    if (kept && run.wanted.every((hook) => kept.has(hook))) return kept;
    const values = await this.together([run]);
    this.lastPass = { key, values: kept ? new Map([...kept, ...values]) : values };
    return this.lastPass.values;
  }

  private async together(runs: readonly PreparedRun[]): Promise<PassValues> {
    const { info, seats } = this.parts;
    const tokens = runs.map(({ spec }) => spec.tokens);
    const points = runs.flatMap(({ plan }) => plan.points);
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
    if (seats.holdsTwo && bytes > roomBesideTwo(info)) await seats.spare(points);
    await this.checkRows(runs);
    const hooks = [...new Set(runs.flatMap(({ plan }) => plan.cleanHooks))];
    const needy = runs.filter(({ plan }) => plan.cleanHooks.length > 0);
    const means = await this.means.of(
      needy.map(({ spec }) => spec.tokens),
      hooks,
    );
    const feeds = runs.map((run) => run.plan.feeds(means[needy.indexOf(run)] ?? new Map()));
    const session = await seats.take(points);
    const values = await session.run(tokens, runs[0]!.wanted, feeds);
    const last = lastStream(this.parts.anatomy);
    if (last) checkFinite(last, values.get(last)!);
    return values;
  }

  /** @throws StrataError `invalid-intervention` where a knockout leaves a position nothing that it sees. */
  private async checkRows(runs: readonly PreparedRun[]): Promise<void> {
    const doubtful = runs.filter(({ plan }) => plan.rows.length > 0);
    if (doubtful.length === 0) return;
    const open = await this.seen.of(
      doubtful.map(({ spec }) => spec.tokens),
      doubtful.flatMap(({ plan }) => plan.rows),
    );
    doubtful.forEach(({ plan }, index) => plan.checkRows(open[index]!));
  }

  private async cleanValues(
    prompts: readonly (readonly number[])[],
    hooks: readonly HookName[],
  ): Promise<Map<HookName, Tensor>[]> {
    const session = await this.parts.seats.take([]);
    const values = await session.run(
      prompts,
      hooks,
      prompts.map(() => new Map()),
    );
    return prompts.map(
      ({ length }, row) =>
        new Map(hooks.map((hook) => [hook, this.shaped(hook, rowOf(values.get(hook)!, row, prompts.length), length)])),
    );
  }

  private shaped(hook: HookName, data: Float32Array, length: number): Tensor {
    const { anatomy } = this.parts;
    const site = anatomy?.sites.get(hook);
    if (!anatomy || !site) throw new StrataError('unknown-hook', `This model has no ${hook}.`, { hook });
    return hookValue(hook, site, anatomy.dims, length, data);
  }

  private async captures(
    runs: readonly PreparedRun[],
    values: PassValues,
    signal: AbortSignal | undefined,
  ): Promise<readonly ReadonlyMap<HookName, Tensor>[]> {
    const captures = runs.map(() => new Map<HookName, Tensor>());
    for (const hook of runs[0]!.spec.captures) {
      const found = await this.capture(hook, values, runs.length, runs[0]!.spec.tokens.length, signal);
      found.forEach((value, index) => captures[index]!.set(hook, value));
    }
    return captures;
  }

  /** One hook of every run. */
  private async capture(
    hook: HookName,
    values: PassValues,
    count: number,
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly Tensor[]> {
    const { tail } = this.parts;
    const { d_vocab, d_model, n_layers } = this.parts.info.dims;
    const last = lastStream(this.parts.anatomy);
    const rows = (data: Float32Array): Float32Array[] =>
      Array.from({ length: count }, (_, row) => rowOf(data, row, count));
    if (!tail || !last) return rows(values.get('logits')!).map((data) => this.bareLogits(data, length));
    const wide = async (output: 'logits' | 'normalized', hooks: readonly HookName[], dims: readonly number[]) => {
      const streams = this.streamsOf(values, hooks, count).flat();
      const all = await tail.wide(output, streams, resolvePositions('all', length), signal);
      return rows(output === 'logits' ? checked(all, d_vocab) : all).map((data) => tensor(dims, data));
    };
    if (hook === 'logits') return wide('logits', [last], [length, d_vocab]);
    if (hook === 'ln_final.hook_normalized') return wide('normalized', [last], [length, d_model]);
    if (hook === 'logit_lens') return wide('logits', streamHooks(this.parts.anatomy), [n_layers + 1, length, d_vocab]);
    return rows(values.get(hook)!).map((data) => {
      const value = this.shaped(hook, data, length);
      if (!hook.endsWith('hook_attn_scores')) checkFinite(hook, value.data);
      return value;
    });
  }

  /** Logits of a model whose anatomy is unknown. */
  bareLogits(values: Float32Array, length: number): Tensor {
    const { d_vocab } = this.parts.info.dims;
    if (values.length === length * d_vocab) return tensor([length, d_vocab], checked(values, d_vocab));
    throw unsupported('no-logits', 'logits');
  }

  private async lenses(runs: readonly PreparedRun[], values: PassValues, options: TraceOptions) {
    const { spec, rows } = runs[0]!;
    const { tail } = this.parts;
    if (!spec.lens || !rows || !tail) return undefined;
    return tail.tables(rows, this.streamsOf(values, rows.hooks, runs.length), spec.lens, spec.tokens.length, {
      signal: options.signal,
      onProgress: options.onLensProgress,
    });
  }

  /** Per run the hooks' `[T, d_model]`, without copying. */
  private streamsOf(values: PassValues, hooks: readonly HookName[], count: number): Float32Array[][] {
    return Array.from({ length: count }, (_, row) =>
      hooks.map((hook) => {
        const data = values.get(hook)!;
        const size = data.length / count;
        return data.subarray(row * size, (row + 1) * size);
      }),
    );
  }

  private known(anatomy: Anatomy | undefined): Anatomy {
    if (anatomy) return anatomy;
    const message = 'This model can only be run as it is: its anatomy is not known.';
    throw new StrataError('invalid-intervention', message, { index: 0 });
  }

  private checkTokens(tokens: readonly number[]): number {
    const { dims, idsRead = dims.d_vocab } = this.parts.info;
    if (tokens.length === 0) throw new StrataError('empty-prompt', 'There are no tokens to run.');
    const foreign = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= dims.d_vocab);
    if (foreign !== undefined)
      throw new StrataError('invalid-request', `There is no token ${foreign}; ids go from 0 to ${dims.d_vocab - 1}.`, {
        id: foreign,
      });
    const unread = tokens.find((id) => id >= idsRead);
    if (unread !== undefined)
      throw new StrataError('invalid-request', `This model has no vector for token ${unread}, so it cannot read it.`, {
        id: unread,
      });
    return tokens.length;
  }

  private checkHooks({ captures }: RunSpec): void {
    const { info } = this.parts;
    for (const hook of captures) {
      if (info.hooks.includes(hook)) continue;
      const reason = missingReason(info, hook);
      throw new StrataError('unknown-hook', `This model has no ${hook}${reason ? `: ${reason}` : ''}.`, { hook });
    }
  }

  /** Frees what is kept between runs. */
  forget(): void {
    this.lastPass = undefined;
    this.means.clear();
    this.seen.clear();
  }
}

function checked(logits: Float32Array, d_vocab: number): Float32Array {
  checkLogits('logits', logits, d_vocab);
  return logits;
}
