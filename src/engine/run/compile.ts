import { StrataError } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import type {
  AblateIntervention,
  AddIntervention,
  Intervention,
  ScaleIntervention,
  SetIntervention,
} from '../../core/interventions';
import type { ModelDims } from '../../core/model';
import type { Tensor } from '../../core/tensor';
import type { Site } from '../../onnx/attention';
import { hookShape, type HookShape } from '../../onnx/hook-shape';
import { pointInputs, pointKey, type Point } from '../../onnx/trunk-header';
import { AffineRow, type AffineChange } from './affine-row';
import type { OpenRows, PatternRow } from './open-rows';
import type { PointFeed, RunFeeds } from './point-feeds';

/** What interventions are checked against. */
export interface CompileTarget {
  readonly dims: ModelDims;
  readonly sites: ReadonlyMap<HookName, Site>;
}

export interface InterventionPlan {
  readonly points: readonly Point[];
  /** Hooks whose clean values are needed first (mean ablation). */
  readonly cleanHooks: readonly HookName[];
  /** Rows of clean patterns that must be known: whether a window leaves anything is in no other place. */
  readonly rows: readonly PatternRow[];
  /** @throws StrataError `invalid-intervention` where a position would have nothing left to attend to. */
  checkRows(open: OpenRows): void;
  /** Input values by name, once the clean values are there. */
  feeds(clean: ReadonlyMap<HookName, Tensor>): RunFeeds;
}

/** One kind of intervention: what it needs in the graph, and what it puts there. */
interface Compiler<I extends Intervention> {
  /**
   * The points for it. Reads hooks and layers only, so that a stage can be built in before its vectors are known.
   * @throws StrataError `unknown-hook`, `invalid-intervention` for a place the model does not have.
   */
  points(item: I, target: CompileTarget, index: number): readonly Point[];
  /**
   * Adds it to a run, after those before it in the list.
   * @throws StrataError `invalid-intervention` for whatever does not fit the place or the prompt.
   */
  apply(item: I, run: CompiledRun, index: number): void;
}

type Compilers = { readonly [K in Intervention['kind']]: Compiler<Extract<Intervention, { readonly kind: K }>> };

function fail(index: number, what: string): never {
  throw new StrataError('invalid-intervention', `Intervention ${index + 1}: ${what}`, { index });
}

/** Indices from 0; negative ones count from the end. Absent: all. */
function indices(list: readonly number[] | undefined, size: number, index: number, name: string): readonly number[] {
  if (!list) return Array.from({ length: size }, (_, at) => at);
  return list.map((item) => {
    const at = item < 0 ? item + size : item;
    if (!Number.isInteger(at) || at < 0 || at >= size) fail(index, `${name} ${item} is outside 0 … ${size - 1}.`);
    return at;
  });
}

function needs({ sites }: CompileTarget, hook: HookName): Site {
  const site = sites.get(hook);
  if (!site) throw new StrataError('unknown-hook', `This model has no ${hook}.`, { hook });
  return site;
}

function checkLayer({ dims }: CompileTarget, layer: number, index: number): number {
  if (layer < 0 || layer >= dims.n_layers)
    fail(index, `there is no layer ${layer}; layers go from 0 to ${dims.n_layers - 1}.`);
  return layer;
}

function checkWidth(name: string, vector: readonly number[], width: number, index: number): void {
  if (vector.length !== width) fail(index, `"${name}" needs ${width} numbers, not ${vector.length}.`);
}

type AffineItem = AddIntervention | SetIntervention | AblateIntervention | ScaleIntervention;
type Affine = Pick<AffineChange, 'change' | 'readsMean'>;

/** The kinds that change numbers of a hook one by one; `affine` says how. */
function atHook<I extends AffineItem>(affine: (item: I) => Affine): Compiler<I> {
  return {
    points({ hook }, target, index) {
      if (!hookShape(hook, target.dims)) fail(index, `${hook} cannot be changed.`);
      needs(target, hook);
      return [{ kind: 'affine', hook }];
    },
    apply(item, run, index) {
      const shape = hookShape(item.hook, run.target.dims)!;
      if (item.head && !shape.perHead) fail(index, `${item.hook} has no heads.`);
      const heads = indices(item.head, shape.heads, index, 'head');
      const positions = indices(item.pos, run.length, index, 'position');
      const neurons = 'neuron' in item ? item.neuron : undefined;
      if (neurons && !item.hook.includes('.mlp.')) fail(index, `${item.hook} has no neurons.`);
      const units = indices(neurons, shape.width, index, 'neuron');
      if ('vector' in item) checkWidth('vector', item.vector, shape.width, index);
      run.affine(item.hook, shape).add({ positions, heads, units, ...affine(item) });
    },
  };
}

/** The one table of what interventions do. */
const COMPILERS: Compilers = {
  add: atHook(({ vector }) => ({
    change: (cell, unit) => (cell.shift += vector[unit]!),
  })),
  set: atHook(({ vector }) => ({
    change(cell, unit) {
      cell.scale = 0;
      cell.shift = vector[unit]!;
    },
  })),
  ablate: atHook(({ mode }) => ({
    readsMean: mode === 'mean',
    change(cell, _unit, mean) {
      cell.scale = 0;
      cell.shift = mode === 'mean' ? mean : 0;
    },
  })),
  scale: atHook(({ by }) => ({
    change(cell) {
      cell.scale *= by;
      cell.shift *= by;
    },
  })),
  knockout: {
    points: ({ layers }, target, index) =>
      layers.map((layer) => {
        needs(target, `blocks.${checkLayer(target, layer, index)}.attn.hook_attn_scores`);
        return { kind: 'mask', layer };
      }),
    apply(item, run, index) {
      const { length } = run;
      const { n_heads } = run.target.dims;
      const heads = indices(item.heads === 'all' ? undefined : item.heads, n_heads, index, 'head');
      const dest = indices(item.dest, length, index, 'position');
      const src = indices(item.src, length, index, 'position');
      for (const layer of item.layers) {
        const mask = run.mask(layer);
        for (const head of heads)
          for (const d of dest) for (const s of src) mask[(head * length + d) * length + s] = -Infinity;
        checkRows(mask, length, heads, dest, index);
        run.cuts.push({ layer, heads, dest, index });
      }
    },
  },
  edit: {
    points(item, target, index) {
      const layer = checkLayer(target, item.layer, index);
      needs(target, `blocks.${layer}.mlp.hook_post`);
      return [{ kind: 'edit', layer }];
    },
    apply(item, run, index) {
      checkWidth('key', item.key, run.target.dims.d_mlp, index);
      checkWidth('value', item.value, run.target.dims.d_model, index);
      run.edits(item.layer).push(item);
    },
  },
};

/** The entry for an item; TypeScript cannot see that the two are of one kind. */
function compilerOf(item: Intervention): Compiler<Intervention> {
  return COMPILERS[item.kind] as Compiler<Intervention>;
}

function nothingLeft(index: number, dest: number): never {
  fail(index, `position ${dest} would have nothing left to attend to.`);
}

/** After a softmax over nothing there would be no numbers left. */
function checkRows(
  mask: Float32Array,
  length: number,
  heads: readonly number[],
  dest: readonly number[],
  index: number,
): void {
  for (const head of heads) {
    for (const d of dest) {
      const row = mask.subarray((head * length + d) * length, (head * length + d) * length + d + 1);
      if (row.every((value) => value === -Infinity)) nothingLeft(index, d);
    }
  }
}

/**
 * The points that interventions need, each once.
 * @throws StrataError `unknown-hook`, `invalid-intervention`, naming the item that is wrong.
 */
export function pointsOf(interventions: readonly Intervention[], target: CompileTarget): readonly Point[] {
  const points = interventions.flatMap((item, index) => compilerOf(item).points(item, target, index));
  return [...new Map(points.map((point) => [pointKey(point), point])).values()];
}

/** Hooks whose mean over a clean run interventions put in place of their values. */
export function meanHooks(interventions: readonly Intervention[]): readonly HookName[] {
  const hooks = interventions.flatMap((item) => (item.kind === 'ablate' && item.mode === 'mean' ? [item.hook] : []));
  return [...new Set(hooks)];
}

/** Layers whose edges knockouts cut. */
export function cutLayers(interventions: readonly Intervention[]): readonly number[] {
  return [...new Set(interventions.flatMap((item) => (item.kind === 'knockout' ? item.layers : [])))];
}

/**
 * Checks interventions against a model and a prompt and works out what has to be fed.
 * @throws StrataError `unknown-hook`, `invalid-intervention`, naming the item that is wrong.
 */
export function planInterventions(
  interventions: readonly Intervention[],
  target: CompileTarget,
  length: number,
): InterventionPlan {
  const points = pointsOf(interventions, target);
  const run = new CompiledRun(target, length);
  interventions.forEach((item, index) => compilerOf(item).apply(item, run, index));
  return {
    points,
    cleanHooks: run.cleanHooks,
    rows: run.rows,
    checkRows: (open) => run.checkRows(open),
    feeds: (clean) => run.feeds(clean),
  };
}

/** Edges that one knockout cuts in one layer. */
interface Cut {
  readonly layer: number;
  readonly heads: readonly number[];
  readonly dest: readonly number[];
  readonly index: number;
}

/** What the interventions of one run add up to, point by point. */
class CompiledRun {
  readonly cuts: Cut[] = [];
  private readonly affineRows = new Map<HookName, AffineRow>();
  private readonly masks = new Map<number, Float32Array>();
  private readonly editsByLayer = new Map<number, { key: readonly number[]; value: readonly number[] }[]>();

  constructor(
    readonly target: CompileTarget,
    readonly length: number,
  ) {}

  affine(hook: HookName, shape: HookShape): AffineRow {
    return known(this.affineRows, hook, () => new AffineRow(shape, needs(this.target, hook), this.length));
  }

  /** `[head, dest, src]` */
  mask(layer: number): Float32Array {
    return known(this.masks, layer, () => new Float32Array(this.target.dims.n_heads * this.length * this.length));
  }

  edits(layer: number): { key: readonly number[]; value: readonly number[] }[] {
    return known(this.editsByLayer, layer, () => []);
  }

  /** Rows whose own position is cut: whatever the window, it holds that one, so that the others have something left. */
  get rows(): readonly PatternRow[] {
    return this.cuts.flatMap(({ layer, heads, dest }) =>
      dest.filter((d) => heads.some((head) => this.isCut(layer, head, d, d))).map((d) => ({ layer, dest: d })),
    );
  }

  private isCut(layer: number, head: number, dest: number, src: number): boolean {
    return this.masks.get(layer)?.[(head * this.length + dest) * this.length + src] === -Infinity;
  }

  checkRows(open: OpenRows): void {
    // The last one that reaches a row is the one too many.
    for (const { layer, heads, dest, index } of [...this.cuts].reverse()) {
      for (const d of dest) {
        const row = open({ layer, dest: d });
        if (!row) continue;
        for (const head of heads) {
          const left = Array.from({ length: d + 1 }, (_, src) => src).some(
            (src) => row[head * this.length + src] === 1 && !this.isCut(layer, head, d, src),
          );
          if (!left) nothingLeft(index, d);
        }
      }
    }
  }

  get cleanHooks(): readonly HookName[] {
    return [...this.affineRows].filter(([, row]) => row.needsClean).map(([hook]) => hook);
  }

  feeds(clean: ReadonlyMap<HookName, Tensor>): RunFeeds {
    const { dims } = this.target;
    const feeds = new Map<string, PointFeed>();
    const put = (point: Point, ...values: readonly (PointFeed | undefined)[]): void =>
      pointInputs(point).forEach((name, index) => {
        const value = values[index];
        if (value) feeds.set(name, value);
      });
    for (const [hook, row] of this.affineRows) {
      const { scale, shift } = row.feeds(clean.get(hook));
      put({ kind: 'affine', hook }, scale, shift);
    }
    for (const [layer, data] of this.masks)
      put({ kind: 'mask', layer }, { dims: [dims.n_heads, this.length, this.length], data });
    for (const [layer, edits] of this.editsByLayer) {
      const columns = new Float32Array(dims.d_mlp * edits.length);
      edits.forEach(({ key }, column) => key.forEach((number, row) => (columns[row * edits.length + column] = number)));
      put(
        { kind: 'edit', layer },
        { dims: [dims.d_mlp, edits.length], data: columns },
        { dims: [edits.length, dims.d_model], data: Float32Array.from(edits.flatMap(({ value }) => value)) },
      );
    }
    return feeds;
  }
}

function known<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
