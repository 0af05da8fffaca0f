import { StrataError } from '../../core/errors';
import type { Tensor } from '../../core/tensor';
import type { Site } from '../../onnx/attention';
import type { HookShape } from '../../onnx/hook-shape';
import { meanOverPositions } from './clean-means';
import type { PointFeed } from './point-feeds';

/** One number of a hook, as `x · scale + shift`. */
export interface AffineCell {
  scale: number;
  shift: number;
}

/** Which numbers of a hook an intervention changes, and how. */
export interface AffineChange {
  readonly positions: readonly number[];
  readonly heads: readonly number[];
  readonly units: readonly number[];
  /** True where `mean` is needed. */
  readonly readsMean?: boolean;
  /** @param mean The number's mean over the positions of the clean run. */
  change(cell: AffineCell, unit: number, mean: number): void;
}

/** The interventions of one run at one hook, composed in list order. */
export class AffineRow {
  private readonly changes: AffineChange[] = [];

  constructor(
    private readonly shape: HookShape,
    private readonly site: Site,
    private readonly length: number,
  ) {}

  get needsClean(): boolean {
    return this.changes.some(({ readsMean }) => readsMean);
  }

  add(change: AffineChange): void {
    this.changes.push(change);
  }

  /**
   * Scale and shift of every number, in the order the graph's tensor has; the one that changes nothing is left out.
   * @param clean The hook's values in the clean run, where {@link needsClean}.
   */
  feeds(clean: Tensor | undefined): { readonly scale?: PointFeed; readonly shift?: PointFeed } {
    const { heads, width } = this.shape;
    const { length } = this;
    const scale = new Float32Array(length * heads * width).fill(1);
    const shift = new Float32Array(length * heads * width);
    if (this.needsClean && !clean) throw new StrataError('internal', 'The clean run for a mean ablation is missing.');
    const means = this.needsClean && clean ? meanOverPositions(clean).data : undefined;
    const cell: AffineCell = { scale: 1, shift: 0 };
    let scaled = false;
    let shifted = false;
    for (const { positions, heads: chosen, units, change } of this.changes) {
      for (const position of positions) {
        for (const head of chosen) {
          const start = this.offset(position, head);
          for (const unit of units) {
            const at = start + unit;
            cell.scale = scale[at]!;
            cell.shift = shift[at]!;
            change(cell, unit, means?.[head * width + unit] ?? 0);
            scale[at] = cell.scale;
            shift[at] = cell.shift;
            scaled ||= cell.scale !== 1;
            shifted ||= cell.shift !== 0;
          }
        }
      }
    }
    const dims = this.site.layout === 'heads-first' ? [heads, length, width] : [length, heads * width];
    return {
      ...(scaled ? { scale: { dims, data: scale } } : {}),
      ...(shifted ? { shift: { dims, data: shift } } : {}),
    };
  }

  private offset(position: number, head: number): number {
    const { heads, width } = this.shape;
    return (this.site.layout === 'heads-first' ? head * this.length + position : position * heads + head) * width;
  }
}
