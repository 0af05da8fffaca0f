import { blockHook, parseHook, type BlockHook, type HookName } from '../../core/hooks';
import { missingReason, type MissingPart, type MissingPartName, type MissingReason } from '../../core/missing-reasons';
import { StrataError } from '../../core/errors';
import { dot } from '../../core/numerics';
import type { Anatomy } from '../../onnx/anatomy';
import { WeightFinder } from '../../onnx/find-weights';
import type { GraphView } from '../../onnx/graph';
import type { StoredValues } from '../../onnx/stored-values';
import { leastResidual } from './least-squares';
import { hookValue } from './values';

/** Two short prompts whose first `shared` tokens are the same, and every hook's raw values of each. */
export interface ShortRuns {
  readonly prompts: readonly [readonly number[], readonly number[]];
  readonly shared: number;
  readonly values: readonly [ReadonlyMap<HookName, Float32Array>, ReadonlyMap<HookName, Float32Array>];
}

/**
 * Largest difference, as a part of the values' range, that is rounding: in single precision, and where products are
 * made of rounded numbers.
 */
const TOLERANCE = { exact: 0.01, rounded: 0.1 };
export type Precision = keyof typeof TOLERANCE;
/** Columns of a projection's output that are computed again. */
const COLUMNS = 8;
/** How far a row of a pattern may be from 1. */
const ROW_SUM = 1e-3;

/**
 * What of the anatomy does not agree with itself on two short prompts: values that do not depend on the tokens that
 * they should depend on, patterns whose rows do not sum to one, `z ≠ pattern · v`, outputs that are not the output
 * projection of z or of the neurons, and sums of the stream.
 */
export function disagreements(view: GraphView, anatomy: Anatomy, runs: ShortRuns, precision: Precision): MissingPart[] {
  return new Guard(view, anatomy, runs, precision).find();
}

class Guard {
  private readonly found: MissingPart[] = [];
  private readonly finder: WeightFinder;
  private readonly length: number;
  private readonly tolerance: number;

  constructor(
    private readonly view: GraphView,
    private readonly anatomy: Anatomy,
    private readonly runs: ShortRuns,
    private readonly precision: Precision,
  ) {
    this.finder = new WeightFinder(view, anatomy);
    this.length = runs.prompts[0].length;
    this.tolerance = TOLERANCE[precision];
  }

  find(): MissingPart[] {
    for (const hook of this.anatomy.sites.keys()) {
      const parsed = parseHook(hook);
      // The stream itself is what everything else is held to.
      if (parsed?.kind === 'block' && !parsed.hook.startsWith('hook_resid'))
        this.checkPlaces(parsed.layer, parsed.hook);
    }
    this.anatomy.layers.forEach((_, layer) => {
      this.checkRows(layer);
      this.checkValues(layer);
      this.checkOutput(layer, 'attn.hook_z', 'hook_attn_out', 'W_O', 'b_O', 'ln1_post');
      this.checkOutput(layer, 'mlp.hook_post', 'hook_mlp_out', 'W_out', 'b_out', 'ln2_post');
      this.checkSums(layer);
    });
    return this.found;
  }

  private lacks(layer: number, part: MissingPartName, reason: MissingReason): void {
    if (!this.found.some((known) => known.layer === layer && known.part === part))
      this.found.push({ part, layer, reason });
  }

  /** A hook's values in its shape; undefined where the model has none, or they are withdrawn. */
  private value(layer: number, hook: BlockHook, run: 0 | 1 = 0): Float32Array | undefined {
    const name = blockHook(layer, hook);
    const site = this.anatomy.sites.get(name);
    const data = this.runs.values[run].get(name);
    if (!site || !data || this.found.some((known) => known.layer === layer && known.part === hook)) return undefined;
    return hookValue(name, site, this.anatomy.dims, this.length, data).data;
  }

  /** Earlier positions must not change with later tokens: then the values lie position by position. */
  private checkPlaces(layer: number, hook: BlockHook): void {
    try {
      const [first, second] = [this.value(layer, hook, 0), this.value(layer, hook, 1)];
      // Scores that are masked are many numbers that mean one thing; numbers that are rounded by the range of the whole
      // prompt change with its end.
      if (!first || !second || this.precision === 'rounded' || hook === 'attn.hook_attn_scores') return;
      const heads = hook === 'attn.hook_pattern' ? this.anatomy.dims.n_heads : 1;
      const width = first.length / heads / this.length;
      const limit = this.tolerance * largest(first);
      for (let head = 0; head < heads; head++) {
        const from = head * this.length * width;
        for (let index = from; index < from + this.runs.shared * width; index++) {
          if (!close(first[index]!, second[index]!, limit))
            return this.lacks(layer, hook, missingReason('other-order'));
        }
      }
    } catch (cause) {
      const { code, details } = StrataError.from(cause);
      if (code !== 'unknown-anatomy') throw cause;
      const { hook: name = '', found = 0, expected = 0 } = details;
      this.lacks(layer, hook, missingReason('value-count', { hook: `${name}`, found: +found, expected: +expected }));
    }
  }

  private checkRows(layer: number): void {
    const pattern = this.value(layer, 'attn.hook_pattern');
    const attention = this.anatomy.layers[layer]?.attention;
    if (!pattern || !attention) return;
    const { length } = this;
    for (let row = 0; row < pattern.length / length; row++) {
      const sum = pattern.subarray(row * length, (row + 1) * length).reduce((total, weight) => total + weight, 0);
      if (sum > 1 + ROW_SUM || !(sum >= (attention.sink ? 0 : 1 - ROW_SUM)))
        return this.lacks(layer, 'attn.hook_pattern', missingReason('row-sums', { found: Number(sum.toFixed(3)) }));
    }
  }

  /** `z = pattern · v`, consecutive heads sharing values. */
  private checkValues(layer: number): void {
    const pattern = this.value(layer, 'attn.hook_pattern');
    const v = this.value(layer, 'attn.hook_v');
    const z = this.value(layer, 'attn.hook_z');
    if (!pattern || !v || !z) return;
    const { n_heads, n_kv_heads, d_head } = this.anatomy.dims;
    const { length } = this;
    const expected = new Float32Array(z.length);
    for (let dest = 0; dest < length; dest++) {
      for (let head = 0; head < n_heads; head++) {
        const owner = Math.floor((head * n_kv_heads) / n_heads);
        const at = (dest * n_heads + head) * d_head;
        for (let src = 0; src <= dest; src++) {
          const weight = pattern[(head * length + dest) * length + src]!;
          for (let unit = 0; unit < d_head; unit++)
            expected[at + unit]! += weight * v[(src * n_kv_heads + owner) * d_head + unit]!;
        }
      }
    }
    const limit = this.tolerance * largest(z);
    if (z.every((value, index) => close(value, expected[index]!, limit))) return;
    // The product that gives z reads the pattern itself: it is the values that are something else.
    this.lacks(layer, 'attn.hook_v', missingReason('not-its-values'));
  }

  /**
   * What a part adds to the stream is its output projection of z (of the neurons), but for a post-norm and factors: of
   * each position the output must be a sum of the projection, the bias, and what a norm adds.
   */
  private checkOutput(
    layer: number,
    input: 'attn.hook_z' | 'mlp.hook_post',
    output: 'hook_attn_out' | 'hook_mlp_out',
    weight: 'W_O' | 'W_out',
    bias: 'b_O' | 'b_out',
    norm: 'ln1_post' | 'ln2_post',
  ): void {
    const x = this.value(layer, input);
    const y = this.value(layer, output);
    const W = this.finder.ofLayer(layer, weight);
    const b = this.finder.ofLayer(layer, bias);
    const gain = this.finder.ofLayer(layer, `${norm}.w`);
    const shift = this.finder.ofLayer(layer, `${norm}.b`);
    // A weight in a format that is not read, or a norm that is not understood: nothing can be said.
    const unknown = [b, gain, shift].some((found) => typeof found === 'string' && found !== 'not-in-model');
    if (!x || !y || typeof W === 'string' || unknown) return;
    const { d_model } = this.anatomy.dims;
    const rows = x.length / this.length;
    const columns = spread(d_model, COLUMNS);
    const of = (values: StoredValues | string): number[] | undefined =>
      typeof values === 'string' ? undefined : columns.map((column) => values.at(column));
    const [biases, gains, shifts] = [of(b), of(gain), of(shift)];
    const weights = columns.map((column) => columnOf(W, column, rows));
    const most = this.precision === 'rounded' ? largest(y) : 0;
    for (let position = 0; position < this.length; position++) {
      const read = x.subarray(position * rows, (position + 1) * rows);
      const product = weights.map((own) => dot(own, read));
      const basis = normed([product, biases], gains, shifts);
      const actual = columns.map((column) => y[position * d_model + column]!);
      const limit = this.tolerance * Math.max(most, ...actual.map(Math.abs));
      if (leastResidual(basis, actual) <= limit) continue;
      const names = { weight: `blocks.${layer}.${weight}`, hook: `blocks.${layer}.${output}` };
      this.lacks(layer, input, missingReason('not-its-output', names));
      if (input === 'mlp.hook_post' && this.anatomy.sites.has(blockHook(layer, 'mlp.hook_pre')))
        this.lacks(layer, 'mlp.hook_pre', missingReason('not-its-output', names));
      return;
    }
  }

  /** Where the stream is a sum, the parts must make it up. */
  private checkSums(layer: number): void {
    if (this.anatomy.streamSum !== 'plain') return;
    const before = this.value(layer, 'hook_resid_pre');
    const middle = this.value(layer, 'hook_resid_mid');
    const after = this.value(layer, 'hook_resid_post');
    const attention = this.value(layer, 'hook_attn_out');
    const mlp = this.value(layer, 'hook_mlp_out');
    if (middle) {
      this.checkSum(layer, 'hook_attn_out', 'hook_resid_mid', middle, [before, attention]);
      this.checkSum(layer, 'hook_mlp_out', 'hook_resid_post', after, [middle, mlp]);
    } else this.checkSum(layer, 'hook_mlp_out', 'hook_resid_post', after, [before, attention, mlp]);
  }

  private checkSum(
    layer: number,
    part: BlockHook,
    to: BlockHook,
    sum: Float32Array | undefined,
    terms: readonly (Float32Array | undefined)[],
  ): void {
    const tensor = this.anatomy.sites.get(blockHook(layer, to))?.tensor ?? '';
    // A stream that is normed after each addition is no plain sum.
    if (!sum || terms.includes(undefined) || this.view.producer(this.view.strip(tensor))?.op !== 'Add') return;
    const limit = this.tolerance * largest(sum);
    const equal = sum.every((value, index) => {
      const total = terms.reduce((total, term) => total + term![index]!, 0);
      return close(value, total, limit);
    });
    if (!equal) this.lacks(layer, part, missingReason('not-its-sum', { hook: blockHook(layer, to) }));
  }
}

/** A column of a matrix `[rows, …]`. In loops: this is most of what looking at a large model costs. */
function columnOf({ dims, at }: StoredValues, column: number, rows: number): Float64Array {
  const width = dims.at(-1)!;
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) values[row] = at(row * width + column);
  return values;
}

function close(a: number, b: number, limit: number): boolean {
  return a === b || Math.abs(a - b) <= limit;
}

function largest(values: Float32Array): number {
  let most = 0;
  for (let index = 0; index < values.length; index++) most = Math.max(most, Math.abs(values[index]!));
  return most;
}

/** Up to `count` indices spread over `size`. */
function spread(size: number, count: number): number[] {
  const step = Math.max(1, size / count);
  return Array.from({ length: Math.min(size, count) }, (_, index) => Math.floor(index * step));
}

/** What an output can be made of: product and bias, each with its own factor; with a norm also its mean and its shift. */
function normed(
  terms: readonly (readonly number[] | undefined)[],
  gains: readonly number[] | undefined,
  shifts: readonly number[] | undefined,
): (readonly number[])[] {
  const own = terms.filter((term) => term !== undefined);
  if (!gains) return shifts ? [...own, shifts] : own;
  const scaled = own.map((term) => term.map((value, index) => value * gains[index]!));
  return [...scaled, gains, ...(shifts ? [shifts] : [])];
}
