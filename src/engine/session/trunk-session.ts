import type { HookName } from '../../core/hooks';
import type { Backend } from '../../core/model';
import type { Anatomy } from '../../onnx/anatomy';
import type { Caches } from '../../onnx/cache';
import type { Filling } from '../../onnx/fillings';
import type { GraphView } from '../../onnx/graph';
import type { ValueInfo } from '../../onnx/onnx-model';
import type { TokenTable } from '../../onnx/token-table';
import { buildPlain, buildTrunk, pointKey, TOKEN_VECTORS, type Point, type Trunk } from '../../onnx/trunk-header';
import { batchFeeds, type RunFeeds } from '../run/point-feeds';
import { floatsOf } from '../run/values';
import { modelFeeds } from './feeds';
import { runSession } from './run-session';
import { createSession, type InferenceSession, type Runtime, type WeightFiles } from './runtime';

/** What runs are fed and answer with, whether or not the anatomy is known. */
export interface RunPlan {
  /** Graph input with the token ids, graph output with the logits. */
  readonly tokens: string;
  readonly logits: string;
  readonly caches: Caches;
  /** How each input is filled, by its name. */
  readonly fillings: ReadonlyMap<string, Filling>;
  readonly d_vocab: number;
}

/** What every session of a model's layers is made of. */
export interface TrunkParts {
  readonly runtime: Runtime;
  readonly backend: Backend;
  readonly view: GraphView;
  readonly anatomy: Anatomy | undefined;
  readonly plan: RunPlan;
  readonly weights: WeightFiles;
  /** Longest time one run may take, in ms. */
  readonly deadline: number;
}

interface Built {
  readonly session: InferenceSession;
  readonly inputs: readonly ValueInfo[];
  readonly table?: TokenTable | undefined;
  /** Output name by hook. */
  readonly taps: ReadonlyMap<HookName, string>;
}

/** One session of the layers, with the intervention points that are built into it. */
export class TrunkSession {
  private readonly keys: ReadonlySet<string>;

  private constructor(
    private readonly parts: TrunkParts,
    private readonly built: Built,
    readonly points: readonly Point[],
  ) {
    this.keys = new Set(points.map(pointKey));
  }

  /**
   * @param trunk What it is opened from, where that was made before.
   * @throws StrataError `session-failed`, `out-of-memory`, …
   */
  static async open(
    parts: TrunkParts,
    points: readonly Point[],
    use: 'many-runs' | 'one-run' = 'many-runs',
    trunk?: Trunk,
  ): Promise<TrunkSession> {
    const { runtime, backend, view, anatomy, plan, weights } = parts;
    const { header, ...built } = anatomy
      ? (trunk ?? buildTrunk(view, anatomy, plan.caches, [...anatomy.sites.keys()], points))
      : { ...buildPlain(view, plan.logits, plan.caches), taps: new Map<HookName, string>([['logits', plan.logits]]) };
    const session = await createSession(runtime, backend, header, weights, use);
    return new TrunkSession(parts, { session, ...built }, points);
  }

  has(points: readonly Point[]): boolean {
    return points.every((point) => this.keys.has(pointKey(point)));
  }

  /**
   * Runs the layers over prompts of equal length and returns the raw values of the hooks, the prompts' one after another.
   * @param rows Token ids `[B, T]`.
   * @param feeds What each run puts into its points; points that nobody uses change nothing.
   * @param quiet For a run that is expected to fail on some models: the runtime does not write to the console.
   */
  async run(
    rows: readonly (readonly number[])[],
    hooks: readonly HookName[],
    feeds: readonly RunFeeds[],
    quiet = false,
  ): Promise<Map<HookName, Float32Array>> {
    const { runtime, anatomy, plan } = this.parts;
    const { session, inputs, table, taps } = this.built;
    const fed = modelFeeds(runtime, inputs, plan.fillings, rows);
    if (table) {
      const dims = [rows.length, rows[0]!.length, table.d_model];
      fed[TOKEN_VECTORS] = new runtime.Tensor('float32', table.rows(rows.flat()), dims);
    }
    if (anatomy) {
      for (const [name, feed] of batchFeeds(this.points, feeds, anatomy.dims))
        fed[name] = new runtime.Tensor('float32', feed.data, feed.dims);
    }
    const names = [...new Set(hooks.map((hook) => taps.get(hook)!))];
    const results = await runSession(session, this.parts.deadline, fed, names, quiet ? { logSeverityLevel: 4 } : {});
    return new Map(hooks.map((hook) => [hook, floatsOf(results[taps.get(hook)!], hook)]));
  }

  release(): Promise<void> {
    return this.built.session.release();
  }
}
