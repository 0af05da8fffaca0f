import { StrataError } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import type { Backend } from '../../core/model';
import type { Anatomy } from '../../onnx/anatomy';
import type { Caches } from '../../onnx/cache';
import type { GraphView } from '../../onnx/graph';
import type { ValueInfo } from '../../onnx/onnx-model';
import type { TokenTable } from '../../onnx/token-table';
import { buildPlain, buildTrunk, pointInputs, pointKey, TOKEN_VECTORS, type Point } from '../../onnx/trunk-header';
import { modelFeeds, type Feeds } from './feeds';
import { neutralFeeds, type PointFeed } from '../run/compile';
import { createSession, sessionError, type InferenceSession, type Runtime, type WeightFiles } from './runtime';
import { floatsOf } from '../run/values';

/** What runs are fed and answer with, whether or not the anatomy is known. */
export interface RunPlan {
  /** Graph input with the token ids, graph output with the logits. */
  readonly tokens: string;
  readonly logits: string;
  readonly caches: Caches;
  readonly d_vocab: number;
}

interface Open {
  readonly session: InferenceSession;
  readonly inputs: readonly ValueInfo[];
  readonly table?: TokenTable | undefined;
  readonly taps: ReadonlyMap<HookName, string>;
  readonly points: readonly Point[];
}

/**
 * The layers' session. It starts without intervention points; when a run needs some, it is made anew with those it
 * had and the new ones, and the old session is released first so that the weights are held once.
 */
export class Trunk {
  private current: Open | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly backend: Backend,
    private readonly view: GraphView,
    private readonly anatomy: Anatomy | undefined,
    private readonly plan: RunPlan,
    private readonly weights: WeightFiles,
    private readonly deadline: number,
  ) {}

  /** Makes the session ready for runs with these points. */
  async open(points: readonly Point[] = []): Promise<Open> {
    const known = new Set(this.current?.points.map(pointKey));
    const fresh = points.filter((point) => !known.has(pointKey(point)));
    if (this.current && fresh.length === 0) return this.current;
    const union = [...(this.current?.points ?? []), ...fresh];
    await this.close();
    this.current = await this.build(union);
    return this.current;
  }

  private async build(points: readonly Point[]): Promise<Open> {
    if (!this.anatomy) {
      const { logits, caches } = this.plan;
      const { header, inputs } = buildPlain(this.view, logits, caches);
      const session = await createSession(this.runtime, this.backend, header, this.weights);
      return { session, inputs, taps: new Map([['logits', logits]]), points };
    }
    const hooks = [...this.anatomy.sites.keys()];
    const { header, inputs, table, taps } = buildTrunk(this.view, this.anatomy, this.plan.caches, hooks, points);
    const session = await createSession(this.runtime, this.backend, header, this.weights);
    return { session, inputs, table, taps, points };
  }

  /**
   * Runs the layers and returns the raw values of the hooks.
   * @param feeds inputs of the points in use, by name.
   */
  async run(
    tokens: readonly number[],
    hooks: readonly HookName[],
    points: readonly Point[],
    feeds: ReadonlyMap<string, PointFeed>,
  ): Promise<Map<HookName, Float32Array>> {
    const open = await this.open(points);
    const inputs = modelFeeds(this.runtime, open.inputs, this.plan.tokens, tokens);
    if (open.table) {
      const dims = [1, tokens.length, open.table.d_model];
      inputs[TOKEN_VECTORS] = new this.runtime.Tensor('float32', open.table.rows(tokens), dims);
    }
    for (const point of open.points) this.feedPoint(point, feeds, tokens.length, inputs);
    const names = [...new Set(hooks.map((hook) => open.taps.get(hook)!))];
    const results = await this.withDeadline(open.session.run(inputs, names));
    return new Map(hooks.map((hook) => [hook, floatsOf(results[open.taps.get(hook)!], hook)]));
  }

  private feedPoint(point: Point, feeds: ReadonlyMap<string, PointFeed>, length: number, inputs: Feeds): void {
    const used = pointInputs(point).every((name) => feeds.has(name));
    const values = used || !this.anatomy ? feeds : neutralFeeds(point, this.anatomy.dims, length);
    for (const name of pointInputs(point)) {
      const feed = values.get(name)!;
      inputs[name] = new this.runtime.Tensor('float32', feed.data, feed.dims);
    }
  }

  private async withDeadline<T>(run: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new StrataError('deadline', `The run took longer than ${this.deadline / 1000} seconds.`, {
            seconds: this.deadline / 1000,
          }),
        );
      }, this.deadline);
    });
    try {
      return await Promise.race([run, late]);
    } catch (cause) {
      throw sessionError(cause, 'run-failed');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Back to a session without intervention points. */
  async reset(): Promise<void> {
    if (this.current?.points.length) await this.close();
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.session.release();
  }
}
