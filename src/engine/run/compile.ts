import { StrataError } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import type { AblateIntervention, AddIntervention, Intervention, SetIntervention } from '../../core/interventions';
import type { ModelDims } from '../../core/model';
import type { Tensor } from '../../core/tensor';
import type { Site } from '../../onnx/attention';
import { hookShape, type HookShape } from '../../onnx/hook-shape';
import { pointInputs, type Point } from '../../onnx/trunk-header';

/** A float32 input of an intervention point. */
export interface PointFeed {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface InterventionPlan {
  readonly points: readonly Point[];
  /** Hooks whose clean values are needed first (mean ablation). */
  readonly cleanHooks: readonly HookName[];
  /** Input values by name, once the clean values are there. */
  feeds(clean: ReadonlyMap<HookName, Tensor>): ReadonlyMap<string, PointFeed>;
}

type Affine = AddIntervention | SetIntervention | AblateIntervention;

function fail(index: number, what: string): never {
  throw new StrataError('invalid-intervention', `Intervention ${index + 1}: ${what}`, { index });
}

/** Indices from 0; negative ones count from the end. */
function indices(list: readonly number[], size: number, index: number, name: string): number[] {
  return list.map((item) => {
    const at = item < 0 ? item + size : item;
    if (!Number.isInteger(at) || at < 0 || at >= size) fail(index, `${name} ${item} is outside 0 … ${size - 1}.`);
    return at;
  });
}

const all = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

/**
 * Checks interventions against a model and a prompt and works out what has to be fed.
 * @throws StrataError `unknown-hook`, `invalid-intervention`, naming the item that is wrong.
 */
export function planInterventions(
  interventions: readonly Intervention[],
  dims: ModelDims,
  sites: ReadonlyMap<HookName, Site>,
  length: number,
): InterventionPlan {
  const affine = new Map<HookName, AffinePoint>();
  const masks = new Map<number, Float32Array>();
  const edits = new Map<number, { keys: (readonly number[])[]; values: (readonly number[])[] }>();
  const needs = (hook: HookName): Site => {
    const site = sites.get(hook);
    if (!site) throw new StrataError('unknown-hook', `This model has no ${hook}.`, { hook });
    return site;
  };
  const checkLayer = (layer: number, index: number): number => {
    if (layer < 0 || layer >= dims.n_layers)
      fail(index, `there is no layer ${layer}; layers go from 0 to ${dims.n_layers - 1}.`);
    return layer;
  };
  interventions.forEach((item, index) => {
    if (item.kind === 'knockout') {
      const heads = item.heads === 'all' ? all(dims.n_heads) : indices(item.heads, dims.n_heads, index, 'head');
      const dest = indices(item.dest, length, index, 'position');
      const src = indices(item.src, length, index, 'position');
      for (const layer of item.layers) {
        needs(`blocks.${checkLayer(layer, index)}.attn.hook_attn_scores`);
        const mask = masks.get(layer) ?? new Float32Array(dims.n_heads * length * length);
        masks.set(layer, mask);
        for (const head of heads)
          for (const d of dest) for (const s of src) mask[(head * length + d) * length + s] = -Infinity;
        checkRows(mask, length, heads, dest, index);
      }
    } else if (item.kind === 'edit') {
      const layer = checkLayer(item.layer, index);
      needs(`blocks.${layer}.mlp.hook_post`);
      if (item.key.length !== dims.d_mlp) fail(index, `"key" needs ${dims.d_mlp} numbers, not ${item.key.length}.`);
      if (item.value.length !== dims.d_model)
        fail(index, `"value" needs ${dims.d_model} numbers, not ${item.value.length}.`);
      const edit = edits.get(layer) ?? { keys: [], values: [] };
      edits.set(layer, edit);
      edit.keys.push(item.key);
      edit.values.push(item.value);
    } else {
      const shape = hookShape(item.hook, dims);
      if (!shape) fail(index, `${item.hook} cannot be changed.`);
      const site = needs(item.hook);
      const point = affine.get(item.hook) ?? new AffinePoint(shape, site, length);
      affine.set(item.hook, point);
      point.add(item, index);
    }
  });
  const points: Point[] = [
    ...[...affine.keys()].map((hook): Point => ({ kind: 'affine', hook })),
    ...[...masks.keys()].map((layer): Point => ({ kind: 'mask', layer })),
    ...[...edits.keys()].map((layer): Point => ({ kind: 'edit', layer })),
  ];
  return {
    points,
    cleanHooks: [...affine].filter(([, point]) => point.needsClean).map(([hook]) => hook),
    feeds(clean) {
      const feeds = new Map<string, PointFeed>();
      for (const [hook, point] of affine) {
        const [scale, shift] = pointInputs({ kind: 'affine', hook }) as [string, string];
        const values = point.values(clean.get(hook));
        feeds.set(scale, values.scale).set(shift, values.shift);
      }
      for (const [layer, mask] of masks) {
        feeds.set(pointInputs({ kind: 'mask', layer })[0]!, { dims: [dims.n_heads, length, length], data: mask });
      }
      for (const [layer, { keys, values }] of edits) {
        const [key, value] = pointInputs({ kind: 'edit', layer }) as [string, string];
        const columns = new Float32Array(dims.d_mlp * keys.length);
        keys.forEach((vector, column) =>
          vector.forEach((number, row) => (columns[row * keys.length + column] = number)),
        );
        feeds.set(key, { dims: [dims.d_mlp, keys.length], data: columns });
        feeds.set(value, { dims: [values.length, dims.d_model], data: Float32Array.from(values.flat()) });
      }
      return feeds;
    },
  };
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
      if (row.every((value) => value === -Infinity)) fail(index, `position ${d} would have nothing left to attend to.`);
    }
  }
}

/** Values of a point that nothing uses in this run. */
export function neutralFeeds(point: Point, dims: ModelDims, length: number): ReadonlyMap<string, PointFeed> {
  const names = pointInputs(point);
  const constant = (value: number, shape: readonly number[]): PointFeed => ({
    dims: shape,
    data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(value),
  });
  if (point.kind === 'affine')
    return new Map([
      [names[0]!, constant(1, [1])],
      [names[1]!, constant(0, [1])],
    ]);
  if (point.kind === 'mask') return new Map([[names[0]!, constant(0, [dims.n_heads, length, length])]]);
  return new Map([
    [names[0]!, constant(0, [dims.d_mlp, 1])],
    [names[1]!, constant(0, [1, dims.d_model])],
  ]);
}

/** Interventions at one hook as `x · scale + shift`, composed in list order. */
class AffinePoint {
  private readonly items: { readonly item: Affine; readonly index: number }[] = [];

  constructor(
    private readonly shape: HookShape,
    private readonly site: Site,
    private readonly length: number,
  ) {}

  get needsClean(): boolean {
    return this.items.some(({ item }) => item.kind === 'ablate' && item.mode === 'mean');
  }

  add(item: Affine, index: number): void {
    const { heads, width } = this.shape;
    if (item.head) {
      if (!this.shape.perHead) fail(index, `${item.hook} has no heads.`);
      indices(item.head, heads, index, 'head');
    }
    if (item.pos) indices(item.pos, this.length, index, 'position');
    if (item.kind === 'ablate') {
      if (item.neuron && !item.hook.includes('.mlp.')) fail(index, `${item.hook} has no neurons.`);
      if (item.neuron) indices(item.neuron, width, index, 'neuron');
    } else if (item.vector.length !== width) fail(index, `"vector" needs ${width} numbers, not ${item.vector.length}.`);
    this.items.push({ item, index });
  }

  values(clean: Tensor | undefined): { scale: PointFeed; shift: PointFeed } {
    const { heads, width } = this.shape;
    const { length } = this;
    const scale = new Float32Array(length * heads * width).fill(1);
    const shift = new Float32Array(length * heads * width);
    for (const { item, index } of this.items) {
      const mean = item.kind === 'ablate' && item.mode === 'mean' ? meanOverPositions(clean, length) : undefined;
      const positions = item.pos ? indices(item.pos, length, index, 'position') : all(length);
      const chosen = item.head ? indices(item.head, heads, index, 'head') : all(heads);
      const units = item.kind === 'ablate' && item.neuron ? indices(item.neuron, width, index, 'neuron') : all(width);
      for (const position of positions) {
        for (const head of chosen) {
          for (const unit of units) {
            const at = this.offset(position, head, unit);
            if (item.kind === 'add') shift[at]! += item.vector[unit]!;
            else {
              scale[at] = 0;
              shift[at] = item.kind === 'set' ? item.vector[unit]! : (mean?.[head * width + unit] ?? 0);
            }
          }
        }
      }
    }
    const dims = this.site.layout === 'heads-first' ? [heads, length, width] : [length, heads * width];
    return { scale: { dims, data: scale }, shift: { dims, data: shift } };
  }

  /** Offset in the order the graph's tensor has. */
  private offset(position: number, head: number, unit: number): number {
    const { heads, width } = this.shape;
    const row = this.site.layout === 'heads-first' ? head * this.length + position : position * heads + head;
    return row * width + unit;
  }
}

/** `[head · width]` mean over positions of a clean run's hook. */
function meanOverPositions(clean: Tensor | undefined, length: number): Float64Array {
  if (!clean) throw new StrataError('internal', 'The clean run for a mean ablation is missing.');
  const size = clean.data.length / length;
  const mean = new Float64Array(size);
  clean.data.forEach((value, index) => (mean[index % size]! += value / length));
  return mean;
}
