import type { Fact } from '../core/fact';

/** A fact's curves kept for comparison; per row, embedding first. */
export interface KeptCurves {
  readonly key: string;
  /** What was asked, and the column where it is not the answer's: enough to draw the curves again. */
  readonly fact: Fact;
  readonly position?: number;
  readonly prompt: string;
  readonly answer: string;
  readonly model: string;
  readonly depths: readonly number[];
  readonly p: Float32Array;
  readonly rank: Int32Array;
  readonly logitDiff?: Float32Array;
}

const LIMIT = 5;

/** Facts laid over each other in the emergence chart; the oldest makes room. */
export class Kept {
  #curves = $state.raw<readonly KeptCurves[]>([]);

  get curves(): readonly KeptCurves[] {
    return this.#curves;
  }
  has(key: string): boolean {
    return this.#curves.some((curve) => curve.key === key);
  }
  add(curves: KeptCurves): void {
    this.#curves = [...this.#curves.filter((other) => other.key !== curves.key), curves].slice(-LIMIT);
  }
  remove(key: string): void {
    this.#curves = this.#curves.filter((curve) => curve.key !== key);
  }
}
