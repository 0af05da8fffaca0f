import { TAIL } from '../../onnx/tail-header';
import type { OrtTensor } from './runtime';
import { floatsOf } from '../run/values';

/** The arrays of a `LensTable` (`[row, column, …]`), filled from session results (`[column, row, …]`). */
export class LensCells {
  readonly topIds: Int32Array;
  readonly topProbs: Float32Array;
  readonly targetProbs: Float32Array;
  readonly targetRanks: Int32Array;
  readonly targetLogits: Float32Array;
  readonly entropyBits: Float32Array;
  readonly klBits: Float32Array;

  constructor(
    private readonly rows: number,
    private readonly columns: number,
    private readonly k: number,
    private readonly targets: number,
  ) {
    const cells = rows * columns;
    this.topIds = new Int32Array(cells * k);
    this.topProbs = new Float32Array(cells * k);
    this.targetProbs = new Float32Array(cells * targets);
    this.targetRanks = new Int32Array(cells * targets);
    this.targetLogits = new Float32Array(cells * targets);
    this.entropyBits = new Float32Array(cells);
    this.klBits = new Float32Array(cells);
  }

  /** One column with the given rows, the last of which is the final one; its results begin at `from`. */
  fillColumn(column: number, rows: readonly number[], source: CellResults, from: number): void {
    rows.forEach((row, index) => this.fillCell(row, column, source, from + index));
  }

  /** A run over one stream: one row at every position, of which `positions` are the columns. */
  fillRow(row: number, positions: readonly number[], source: CellResults): void {
    positions.forEach((position, column) => this.fillCell(row, column, source, position));
  }

  private fillCell(row: number, column: number, source: CellResults, from: number): void {
    const cell = row * this.columns + column;
    const normaliser = source.normaliser(from);
    for (let item = 0; item < this.k; item++) {
      this.topIds[cell * this.k + item] = Number(source.topIds[from * this.k + item]);
      this.topProbs[cell * this.k + item] = Math.exp(source.topLogits[from * this.k + item]! - normaliser);
    }
    const stride = Math.max(1, this.targets);
    for (let item = 0; item < this.targets; item++) {
      const logit = source.targetLogits[from * stride + item]!;
      this.targetLogits[cell * this.targets + item] = logit;
      this.targetProbs[cell * this.targets + item] = Math.exp(logit - normaliser);
      this.targetRanks[cell * this.targets + item] = 1 + Math.round(source.targetAbove[from * stride + item]!);
    }
    this.entropyBits[cell] = source.entropy(from) / Math.LN2;
    this.klBits[cell] = row === this.rows - 1 ? 0 : Math.max(0, source.divergence[from]! / Math.LN2);
  }
}

/** A tail run's outputs, one entry per cell. */
export class CellResults {
  readonly topLogits: Float32Array;
  readonly topIds: BigInt64Array;
  readonly divergence: Float32Array;
  readonly targetLogits: Float32Array;
  readonly targetAbove: Float32Array;
  private readonly others: Float32Array;
  private readonly spread: Float32Array;

  constructor(
    results: Record<string, OrtTensor>,
    private readonly k: number,
  ) {
    const value = (name: string): Float32Array => floatsOf(results[name], name);
    this.topLogits = value(TAIL.topLogits);
    this.topIds = results[TAIL.topIds]!.data as BigInt64Array;
    this.others = value(TAIL.others);
    this.spread = value(TAIL.spread);
    this.divergence = value(TAIL.divergence);
    this.targetLogits = value(TAIL.targetLogits);
    this.targetAbove = value(TAIL.targetAbove);
  }

  /** log Σ exp x. */
  normaliser(cell: number): number {
    return this.topLogits[cell * this.k]! + Math.log1p(this.others[cell]!);
  }

  /** log Σ − Σ p·(x − max), in nats: both parts at least zero, and small together. */
  entropy(cell: number): number {
    const others = this.others[cell]!;
    return Math.log1p(others) + this.spread[cell]! / (1 + others);
  }
}
