import type { RunSpec } from '../../core/run';

/** How long one batch should take: long enough to be worth it, short enough that "stop" is felt at once. */
const BATCH_MS = 150;
/** Nothing is known of the first batch of its kind. */
const FIRST = 4;
/** How many times larger than the largest so far the next may be. */
const GROWTH = 4;
const MOST = 256;
/** Kinds of runs that are remembered. */
const KEPT = 64;

/** Runs that can be made together have one and the same: length, captures and lens. */
export function batchShape({ tokens, captures, lens }: RunSpec): string {
  return JSON.stringify([tokens.length, captures, lens ?? null]);
}

/** How many runs to make together, from how long those before took: it starts small and grows. */
export class BatchSizes {
  private readonly known = new Map<string, { readonly rows: number; readonly perRow: number }>();
  private readonly limits = new Map<string, number>();
  private asked = 1;

  /** @param most What there is memory for. */
  rows(shape: string, most: number): number {
    const before = this.known.get(shape);
    const wanted = before ? Math.min(Math.round(BATCH_MS / before.perRow), GROWTH * before.rows, MOST) : FIRST;
    this.asked = Math.max(1, Math.min(wanted, most, this.limits.get(shape) ?? Infinity));
    return this.asked;
  }

  /** No more than so many from now on: there was no memory for a larger batch. */
  limit(shape: string, most: number): void {
    this.limits.delete(shape);
    this.limits.set(shape, most);
    keepLatest(this.limits);
  }

  /** Remembers a batch; one much smaller than was asked for, the last of its kind, says nothing about full ones. */
  note(shape: string, rows: number, milliseconds: number): void {
    if (this.known.has(shape) && rows * 2 < this.asked) return;
    this.known.delete(shape);
    this.known.set(shape, { rows, perRow: Math.max(milliseconds / rows, 1e-3) });
    keepLatest(this.known);
  }
}

function keepLatest(kinds: Map<string, unknown>): void {
  for (const oldest of kinds.keys()) {
    if (kinds.size <= KEPT) break;
    kinds.delete(oldest);
  }
}
