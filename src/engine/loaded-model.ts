import { breathe } from '../core/breathe';
import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, PromptOptions, Token } from '../core/fact';
import type { HookName } from '../core/hooks';
import type { Batching, ModelInfo } from '../core/model';
import type { LensRequest, RunSpec, Stage, Trace } from '../core/run';
import type { WeightReader } from '../core/weights';
import type { Anatomy } from '../onnx/anatomy';
import type { GraphView } from '../onnx/graph';
import { unsupported } from '../onnx/unsupported';
import type { Engine, TraceOptions } from './engine';
import { batchDifference, SAME_IN_BATCH } from './run/batch-check';
import { batchShape, BatchSizes } from './run/batch-sizes';
import { changedBefore, looksAhead } from './run/direction';
import type { ShortRuns } from './run/guards';
import { SpecRunner, type PreparedRun } from './run/spec-runner';
import { lastStream, lensRows, streamHooks } from './run/stream-hooks';
import { checkFinite } from './run/values';
import { weightReader } from './run/weight-reader';
import type { Seats } from './session/seats';
import type { TailSession } from './session/tail-session';
import type { TrunkSession } from './session/trunk-session';
import type { TextTokenizer } from './text/tokenizer';

/**
 * Largest change of earlier values, as a part of the change at the last position, that is rounding; more where
 * activations are quantised by the range of the whole prompt.
 */
const DIRECTION = { exact: 1e-5, rounded: 0.1 };
/** How long after the last run the session for interventions is kept, in ms, where the plain one is held beside it. */
const KEPT_AFTER_EXPERIMENT = 60_000;

/** What a model was loaded into. */
export interface LoadedParts {
  readonly view: GraphView;
  readonly anatomy: Anatomy | undefined;
  readonly tokenizer: TextTokenizer | undefined;
  readonly seats: Seats<TrunkSession>;
  readonly tail: TailSession | undefined;
}

/** {@link Engine} on the sessions of the trunk (embedding and layers) and of the tail (final norm to lens cells). */
export class LoadedModel implements Engine {
  readonly weights: WeightReader;
  private readonly runner: SpecRunner;
  private readonly sizes = new BatchSizes();
  private known: ModelInfo;
  /** The work under way, if any. */
  private running: Promise<unknown> | undefined;
  private idleTimer: ReturnType<typeof setTimeout> | undefined;
  private lettingGo: Promise<void> | undefined;
  private disposed = false;

  constructor(
    info: ModelInfo,
    private readonly parts: LoadedParts,
  ) {
    this.known = info;
    this.weights = weightReader(parts.view, parts.anatomy);
    this.runner = new SpecRunner({ info, ...parts });
  }

  get info(): ModelInfo {
    return this.known;
  }

  private get text(): TextTokenizer {
    if (this.parts.tokenizer) return this.parts.tokenizer;
    throw new StrataError(
      'tokenizer-mismatch',
      'This model came without a tokenizer: it can only be run on token ids.',
      { absent: true },
    );
  }

  tokenize(text: string, options?: PromptOptions): readonly Token[] {
    return this.text.encode(text, options);
  }

  describe(ids: readonly number[]): readonly Token[] {
    return this.text.describe(ids);
  }

  prepare(fact: Fact): PreparedFact {
    return this.text.prepare(fact, this.info.limits.tokens);
  }

  async trace(spec: RunSpec, options: TraceOptions = {}): Promise<Trace> {
    const [trace] = await this.alone(() => this.runner.run([this.runner.prepare(spec)], options));
    return trace!;
  }

  async *traces(
    specs: Iterable<RunSpec>,
    options: TraceOptions & { readonly stage?: Stage } = {},
  ): AsyncGenerator<Trace> {
    const { stage } = options;
    if (stage) await this.alone(() => this.runner.reserve(stage));
    try {
      let begun = false;
      for (const { runs, shape, failure } of this.batches(specs)) {
        if (begun) await breathe();
        begun = true;
        throwIfAborted(options.signal);
        if (runs.length > 0) yield* this.batch(runs, shape, options);
        if (failure) throw failure;
      }
    } finally {
      if (stage) this.runner.endStage();
    }
  }

  /** Neighbours of one shape, as many as are worth running together. A spec that cannot be run ends the list. */
  private *batches(specs: Iterable<RunSpec>) {
    let runs: PreparedRun[] = [];
    let shape = '';
    let most = 1;
    const full = () => ({ runs, shape, failure: undefined as StrataError | undefined });
    for (const spec of specs) {
      let run: PreparedRun;
      try {
        run = this.runner.prepare(spec);
      } catch (cause) {
        yield { ...full(), failure: StrataError.from(cause) };
        return;
      }
      const own = batchShape(spec);
      if (runs.length > 0 && own !== shape) {
        yield full();
        runs = [];
      }
      if (runs.length === 0) {
        shape = own;
        most = this.info.batching.kind === 'batched' ? this.sizes.rows(shape, this.runner.fit(run)) : 1;
      }
      runs.push(run);
      if (runs.length < most) continue;
      yield full();
      runs = [];
    }
    if (runs.length > 0) yield full();
  }

  private async *batch(runs: readonly PreparedRun[], shape: string, options: TraceOptions): AsyncGenerator<Trace> {
    const begin = performance.now();
    let traces: readonly Trace[];
    try {
      traces = await this.alone(() => this.runner.run(runs, options));
    } catch (cause) {
      const { code, message } = StrataError.from(cause);
      // A memory that was written past its end may hold wrong numbers: nothing more is run in it.
      const fewer = code === 'out-of-memory' && !/out of bounds/i.test(message);
      if (runs.length === 1 || (code !== 'non-finite' && code !== 'invalid-intervention' && !fewer)) throw cause;
      if (fewer) {
        // Fewer at once may have room, from now on too.
        const half = Math.ceil(runs.length / 2);
        this.sizes.limit(shape, half);
        options.onMemoryShort?.();
        yield* this.batch(runs.slice(0, half), shape, options);
        throwIfAborted(options.signal);
        yield* this.batch(runs.slice(half), shape, options);
        return;
      }
      // One of them has numbers that are none, or nothing to attend to; the traces before it are sound.
      for (const run of runs) yield* this.batch([run], shape, options);
      return;
    }
    this.sizes.note(shape, runs.length, performance.now() - begin);
    yield* traces;
  }

  generateStep(tokens: readonly number[], options: { readonly signal?: AbortSignal } = {}): Promise<Float32Array> {
    return this.alone(() => this.runner.lastLogits(tokens, options.signal));
  }

  /**
   * Looks at a few tokens' run, so that a model that cannot be looked into is refused while the one before it is still
   * known, and finds out whether prompts can be run together.
   * @param short What was run already.
   * @throws StrataError `non-finite` for damaged weights, `unsupported-model` for a model that looks ahead.
   */
  checkItself(tokens: readonly number[], short: ShortRuns | undefined): Promise<void> {
    return this.alone(async () => {
      if (tokens.length === 0) return;
      const { anatomy } = this.parts;
      if (anatomy && short) await this.checkLayers(anatomy, short);
      else await this.checkLogits(tokens);
      this.known = { ...this.known, batching: await this.checkBatching(tokens, short) };
    });
  }

  private async pass(
    rows: readonly (readonly number[])[],
    hooks: readonly HookName[],
    quiet = false,
  ): Promise<ReadonlyMap<HookName, Float32Array>> {
    const session = await this.parts.seats.take([]);
    const feeds = rows.map(() => new Map());
    return session.run(rows, hooks, feeds, quiet);
  }

  private async checkLayers(anatomy: Anatomy, { prompts: [tokens], values: [values] }: ShortRuns): Promise<void> {
    const last = lastStream(anatomy)!;
    for (const hook of streamHooks(anatomy)) checkFinite(hook, values.get(hook)!);
    const patterns = [...anatomy.sites.keys()].filter((hook) => hook.endsWith('attn.hook_pattern'));
    if (patterns.some((hook) => looksAhead(values.get(hook)!, tokens.length))) throw unsupported('bidirectional');
    if (patterns.length === 0) await this.checkDirection(tokens, last, values.get(last)!);
    const request: LensRequest = { positions: [-1], midLayers: false, rows: 'last', k: 1, targets: [] };
    await this.parts.tail?.tables(lensRows(anatomy, request), [[values.get(last)!]], request, tokens.length, {});
  }

  private async checkLogits(tokens: readonly number[]): Promise<void> {
    const values = await this.pass([tokens], ['logits']);
    const { data } = this.runner.bareLogits(values.get('logits')!, tokens.length);
    await this.checkDirection(tokens, 'logits', data);
  }

  /** Another last token must leave everything before it as it is. */
  private async checkDirection(tokens: readonly number[], hook: HookName, before: Float32Array): Promise<void> {
    const after = (await this.pass([this.otherEnd(tokens)], [hook])).get(hook)!;
    const rounds = Object.keys(this.info.operators).some((operator) => operator.includes('DynamicQuantize'));
    const tolerance = rounds ? DIRECTION.rounded : DIRECTION.exact;
    if (changedBefore(before, after, tokens.length) > tolerance) throw unsupported('bidirectional');
  }

  private otherEnd(tokens: readonly number[]): number[] {
    const { idsRead, dims } = this.info;
    const last = tokens.length > 1 ? tokens[0]! : (tokens[0]! + 1) % (idsRead ?? dims.d_vocab);
    return [...tokens.slice(0, -1), last];
  }

  /** What the graph says forbids batches, or what two prompts together give. */
  private async checkBatching(tokens: readonly number[], short: ShortRuns | undefined): Promise<Batching> {
    const { batching } = this.info;
    if (batching.kind === 'single') return batching;
    const prompts = short?.prompts ?? [tokens, tokens.length > 1 ? [...tokens].reverse() : this.otherEnd(tokens)];
    const hooks: readonly HookName[] = short ? [...short.values[0].keys()] : ['logits'];
    const single = short?.values ?? [await this.pass([prompts[0]], hooks), await this.pass([prompts[1]], hooks)];
    try {
      const difference = batchDifference(single, await this.pass(prompts, hooks, true));
      return difference <= SAME_IN_BATCH ? batching : { kind: 'single', reason: 'disagrees', difference };
    } catch (cause) {
      // A batch of one is written into the graph somewhere.
      if (StrataError.from(cause).code === 'run-failed') return { kind: 'single', reason: 'fixed-dimension' };
      throw cause;
    }
  }

  /**
   * One thing at a time: who calls the engine puts its calls in order.
   * @throws StrataError `internal` when something is under way.
   */
  private async alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.disposed) throw new StrataError('worker-lost', 'The model has been closed.');
    if (this.running) throw new StrataError('internal', 'Two runs of one model overlap; they must follow each other.');
    const done = this.exclusively(work);
    this.running = done.catch(() => undefined);
    try {
      return await done;
    } catch (cause) {
      throw StrataError.from(cause, 'run-failed');
    } finally {
      this.running = undefined;
      this.letGoLater();
    }
  }

  private async exclusively<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.idleTimer);
    await this.lettingGo;
    return work();
  }

  /** A session for interventions costs memory; where it is the only one, it answers plain runs and stays. */
  private letGoLater(): void {
    clearTimeout(this.idleTimer);
    if (this.disposed || !this.parts.seats.holdsTwo) return;
    this.idleTimer = setTimeout(() => {
      this.lettingGo = this.parts.seats.release().catch(() => undefined);
    }, KEPT_AFTER_EXPERIMENT);
    // In Node a timer would keep the process; a browser's is a number.
    (this.idleTimer as { unref?: () => void }).unref?.();
  }

  release(): Promise<void> {
    return this.alone(async () => {
      this.runner.forget();
      await this.parts.seats.release();
      await this.parts.tail?.reset();
    });
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    clearTimeout(this.idleTimer);
    await this.running;
    await this.lettingGo;
    this.runner.forget();
    await this.parts.seats.close();
    await this.parts.tail?.release();
  }
}
