import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, PromptOptions, Token } from '../core/fact';
import { blockHook, type HookName } from '../core/hooks';
import type { ModelInfo } from '../core/model';
import type { WeightReader } from '../core/probe';
import { distinctIds } from '../core/random';
import type { LensTable, RunSpec, Trace } from '../core/run';
import { SerialQueue } from '../core/serial-queue';
import { tensor, type Tensor } from '../core/tensor';
import type { Anatomy } from '../onnx/anatomy';
import type { GraphView } from '../onnx/graph';
import { unsupported } from '../onnx/unsupported';
import type { Engine, TraceOptions } from './engine';
import { changedBefore, looksAhead } from './run/direction';
import { missingReason } from './run/missing';
import { planInterventions, type InterventionPlan } from './run/compile';
import { resolvePositions, type LensRows, type TailSession } from './session/tail-session';
import { checkRoom } from './run/run-memory';
import type { TextTokenizer } from './text/tokenizer';
import type { Trunk } from './session/trunk-session';
import { checkFinite, hookValue } from './run/values';
import { weightReader } from './run/weights';

/** Raw values of one pass through the layers. */
interface Pass {
  /** Tokens and interventions, as text. */
  readonly key: string;
  readonly values: ReadonlyMap<HookName, Float32Array>;
}

/** Enough to see damaged weights and whether attention looks ahead. */
const CHECK_TOKENS = 4;
/**
 * Largest change of earlier values, as a part of the change at the last position, that is rounding; more where
 * activations are quantised by the range of the whole prompt.
 */
const DIRECTION = { exact: 1e-5, rounded: 0.1 };

const NO_INTERVENTIONS: InterventionPlan = { points: [], cleanHooks: [], feeds: () => new Map() };

/** {@link Engine} on two sessions: the trunk (embedding and layers) and the tail (final norm to lens cells). */
export class LoadedModel implements Engine {
  readonly weights: WeightReader;
  private readonly queue = new SerialQueue();
  private lastPass: Pass | undefined;
  private disposed = false;

  constructor(
    readonly info: ModelInfo,
    view: GraphView,
    private readonly anatomy: Anatomy | undefined,
    private readonly tokenizer: TextTokenizer | undefined,
    private readonly trunk: Trunk,
    private readonly tail: TailSession | undefined,
  ) {
    this.weights = weightReader(view, anatomy);
  }

  private get text(): TextTokenizer {
    if (this.tokenizer) return this.tokenizer;
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

  trace(spec: RunSpec, options: TraceOptions = {}): Promise<Trace> {
    const run = async (): Promise<Trace> => {
      try {
        return await this.runSpec(spec, options);
      } catch (cause) {
        throw StrataError.from(cause, 'run-failed');
      }
    };
    return this.queue.run(run, options.signal);
  }

  generateStep(tokens: readonly number[], options: { readonly signal?: AbortSignal } = {}): Promise<Float32Array> {
    return this.queue.run(async () => {
      this.checkTokens(tokens);
      const last = this.lastStream();
      checkRoom(this.info, tokens.length, this.streams(), this.tail?.bytesPerToken(0));
      const pass = await this.pass(tokens, [last ?? 'logits'], '', NO_INTERVENTIONS);
      const values = pass.values.get(last ?? 'logits')!;
      if (!last || !this.tail) return checked(values.slice(values.length - this.info.dims.d_vocab));
      return checked(await this.tail.wide('logits', [values], [tokens.length - 1], options.signal));
    }, options.signal);
  }

  /**
   * Runs a few tokens, so that a model that cannot be looked into is refused while the one before it is still known.
   * @throws StrataError `non-finite` for damaged weights, `unsupported-model` for a model that looks ahead.
   */
  checkItself(): Promise<void> {
    return this.queue.run(async () => {
      const { d_vocab, n_ctx } = this.info.dims;
      const special = this.info.specialTokenIds.filter((id) => id < d_vocab);
      const length = Math.min(CHECK_TOKENS, n_ctx, d_vocab - special.length);
      if (length < 1) return;
      const tokens = distinctIds(length, d_vocab, special, 1);
      await (this.anatomy ? this.checkLayers(this.anatomy, tokens) : this.checkLogits(tokens));
    });
  }

  private async checkLayers(anatomy: Anatomy, tokens: readonly number[]): Promise<void> {
    const last = this.lastStream()!;
    const patterns = [...anatomy.sites.keys()].filter((hook) => hook.endsWith('attn.hook_pattern'));
    const values = await this.trunk.run(tokens, [...this.streams(), ...patterns], [], new Map());
    for (const hook of this.streams()) checkFinite(hook, values.get(hook)!);
    if (patterns.some((hook) => looksAhead(values.get(hook)!, tokens.length))) throw unsupported('bidirectional');
    if (patterns.length === 0) await this.checkDirection(tokens, last, values.get(last)!);
    const request = { positions: [-1], midLayers: false, k: 1, targets: [] };
    const rows = { hooks: [last], depths: [anatomy.dims.n_layers], streams: [values.get(last)!] };
    await this.tail?.table(rows, request, tokens.length, {});
  }

  private async checkLogits(tokens: readonly number[]): Promise<void> {
    const values = await this.trunk.run(tokens, ['logits'], [], new Map());
    const { data } = this.bareLogits(values.get('logits')!, tokens.length);
    await this.checkDirection(tokens, 'logits', data);
  }

  /** Another last token must leave everything before it as it is. */
  private async checkDirection(tokens: readonly number[], hook: HookName, before: Float32Array): Promise<void> {
    const { d_vocab } = this.info.dims;
    const other = [...tokens.slice(0, -1), tokens.length > 1 ? tokens[0]! : (tokens[0]! + 1) % d_vocab];
    const after = (await this.trunk.run(other, [hook], [], new Map())).get(hook)!;
    const rounds = Object.keys(this.info.operators).some((operator) => operator.includes('DynamicQuantize'));
    const tolerance = rounds ? DIRECTION.rounded : DIRECTION.exact;
    if (changedBefore(before, after, tokens.length) > tolerance) throw unsupported('bidirectional');
  }

  private async runSpec(spec: RunSpec, options: TraceOptions): Promise<Trace> {
    const begin = performance.now();
    const length = this.checkTokens(spec.tokens);
    this.checkHooks(spec);
    const plan = this.plan(spec, length);
    const rows = spec.lens ? this.lensHooks(spec.lens.midLayers) : undefined;
    if (spec.lens) resolvePositions(spec.lens.positions, length);
    const wanted = new Set<HookName>([
      ...spec.captures.filter((hook) => this.anatomy?.sites.has(hook)),
      ...(rows?.hooks ?? []),
    ]);
    const last = this.lastStream();
    wanted.add(last ?? 'logits');
    if (spec.captures.includes('logit_lens')) for (const hook of this.lensHooks(false).hooks) wanted.add(hook);
    const hooks = [...new Set([...wanted, ...spec.captures, ...this.streams()])];
    checkRoom(this.info, length, hooks, this.tail?.bytesPerToken(spec.lens?.targets.length ?? 0));
    throwIfAborted(options.signal);
    const pass = await this.pass(spec.tokens, [...wanted], JSON.stringify(spec.interventions), plan);
    throwIfAborted(options.signal);
    const captures = await this.captures(spec, pass, length, options.signal);
    const lens = spec.lens && rows ? await this.lens(spec, rows, pass, length, options) : undefined;
    return { spec, captures, ...(lens ? { lens } : {}), milliseconds: performance.now() - begin };
  }

  private plan(spec: RunSpec, length: number): InterventionPlan {
    if (spec.interventions.length === 0) return NO_INTERVENTIONS;
    if (!this.anatomy)
      throw new StrataError('invalid-intervention', 'This model can only be run as it is: its anatomy is not known.', {
        index: 0,
      });
    return planInterventions(spec.interventions, this.anatomy.dims, this.anatomy.sites, length);
  }

  /** One pass through the layers; the last one is kept, since a lens in two parts needs it twice. */
  private async pass(
    tokens: readonly number[],
    hooks: readonly HookName[],
    interventions: string,
    plan: InterventionPlan,
  ): Promise<Pass> {
    const key = `${tokens.join()};${plan === NO_INTERVENTIONS ? '' : interventions}`;
    const kept = this.lastPass?.key === key ? this.lastPass : undefined;
    if (kept && hooks.every((hook) => kept.values.has(hook))) return kept;
    const clean =
      plan.cleanHooks.length > 0 ? await this.cleanValues(tokens, plan.cleanHooks) : new Map<HookName, Tensor>();
    const values = await this.trunk.run(tokens, hooks, plan.points, plan.feeds(clean));
    const last = this.lastStream();
    if (last) checkFinite(last, values.get(last)!);
    this.lastPass = { key, values: kept ? new Map([...kept.values, ...values]) : values };
    return this.lastPass;
  }

  private async cleanValues(tokens: readonly number[], hooks: readonly HookName[]): Promise<Map<HookName, Tensor>> {
    const raw = await this.trunk.run(tokens, hooks, [], new Map());
    return new Map(hooks.map((hook) => [hook, this.shaped(hook, raw.get(hook)!, tokens.length)]));
  }

  private shaped(hook: HookName, data: Float32Array, length: number): Tensor {
    const site = this.anatomy?.sites.get(hook);
    if (!this.anatomy || !site) throw new StrataError('unknown-hook', `This model has no ${hook}.`, { hook });
    return hookValue(hook, site, this.anatomy.dims, length, data);
  }

  private async captures(
    spec: RunSpec,
    pass: Pass,
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<HookName, Tensor>> {
    const captures = new Map<HookName, Tensor>();
    const positions = resolvePositions('all', length);
    const stream = (hook: HookName): Float32Array => pass.values.get(hook)!;
    const { d_vocab, d_model, n_layers } = this.info.dims;
    for (const hook of spec.captures) {
      const last = this.lastStream();
      if (!this.tail || !last) captures.set(hook, this.bareLogits(stream('logits'), length));
      else if (hook === 'logits')
        captures.set(
          hook,
          tensor([length, d_vocab], checked(await this.tail.wide('logits', [stream(last)], positions, signal))),
        );
      else if (hook === 'ln_final.hook_normalized')
        captures.set(
          hook,
          tensor([length, d_model], await this.tail.wide('normalized', [stream(last)], positions, signal)),
        );
      else if (hook === 'logit_lens') {
        const streams = this.lensHooks(false).hooks.map(stream);
        captures.set(
          hook,
          tensor([n_layers + 1, length, d_vocab], await this.tail.wide('logits', streams, positions, signal)),
        );
      } else {
        const value = this.shaped(hook, stream(hook), length);
        if (!hook.endsWith('hook_attn_scores')) checkFinite(hook, value.data);
        captures.set(hook, value);
      }
    }
    return captures;
  }

  /** Logits of a model whose anatomy is unknown. */
  private bareLogits(values: Float32Array, length: number): Tensor {
    const { d_vocab } = this.info.dims;
    if (values.length === length * d_vocab) return tensor([length, d_vocab], checked(values));
    throw unsupported('no-logits', 'logits');
  }

  private async lens(
    spec: RunSpec,
    rows: Omit<LensRows, 'streams'>,
    pass: Pass,
    length: number,
    options: TraceOptions,
  ): Promise<LensTable | undefined> {
    if (!spec.lens || !this.tail) return undefined;
    const streams = rows.hooks.map((hook) => pass.values.get(hook)!);
    return this.tail.table({ ...rows, streams }, spec.lens, length, {
      signal: options.signal,
      onProgress: options.onLensProgress,
    });
  }

  private lastStream(): HookName | undefined {
    return this.anatomy && blockHook(this.anatomy.dims.n_layers - 1, 'hook_resid_post');
  }

  /** Hooks of the residual stream, bottom to top. */
  private streams(): readonly HookName[] {
    return this.anatomy ? this.lensHooks(false).hooks : [];
  }

  private lensHooks(midLayers: boolean): Omit<LensRows, 'streams'> {
    if (!this.anatomy)
      throw new StrataError('unknown-hook', 'This model has no logit lens: its anatomy is not known.', {
        hook: 'logit_lens',
      });
    const hooks: HookName[] = [blockHook(0, 'hook_resid_pre')];
    const depths = [0];
    for (let layer = 0; layer < this.anatomy.dims.n_layers; layer++) {
      const mid = blockHook(layer, 'hook_resid_mid');
      if (midLayers && this.anatomy.sites.has(mid)) {
        hooks.push(mid);
        depths.push(layer + 0.5);
      }
      hooks.push(blockHook(layer, 'hook_resid_post'));
      depths.push(layer + 1);
    }
    return { hooks, depths };
  }

  private checkTokens(tokens: readonly number[]): number {
    const { d_vocab, n_ctx } = this.info.dims;
    if (this.disposed) throw new StrataError('worker-lost', 'The model has been closed.');
    if (tokens.length === 0) throw new StrataError('empty-prompt', 'There are no tokens to run.');
    if (tokens.length > n_ctx) {
      throw new StrataError(
        'prompt-too-long',
        `The prompt has ${tokens.length} tokens; the model reads at most ${n_ctx}.`,
        { tokens: tokens.length, n_ctx, over: tokens.length - n_ctx },
      );
    }
    const foreign = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= d_vocab);
    if (foreign !== undefined)
      throw new StrataError('invalid-request', `There is no token ${foreign}; ids go from 0 to ${d_vocab - 1}.`, {
        id: foreign,
      });
    return tokens.length;
  }

  private checkHooks(spec: RunSpec): void {
    for (const hook of spec.captures) {
      if (this.info.hooks.includes(hook)) continue;
      const reason = missingReason(this.info, hook);
      throw new StrataError('unknown-hook', `This model has no ${hook}${reason ? `: ${reason}` : ''}.`, { hook });
    }
  }

  release(): Promise<void> {
    return this.queue.run(async () => {
      this.lastPass = undefined;
      await this.trunk.reset();
      await this.tail?.reset();
    });
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.queue.idle();
    this.lastPass = undefined;
    await this.trunk.close();
    await this.tail?.release();
    this.queue.close();
  }
}

function checked(logits: Float32Array): Float32Array {
  checkFinite('logits', logits);
  return logits;
}
