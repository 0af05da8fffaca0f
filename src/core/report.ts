import type { Labels } from './fact';

/** One line of numbers. Layers, heads and positions count from 0, depth is completed layers (0 = embedding). */
export type ReportRow = Readonly<Record<string, string | number | boolean | undefined>>;

/** A result for files and other programs: flat rows, which are a CSV as they are, and what belongs to all of them. */
export interface Report {
  readonly rows: readonly ReportRow[];
  readonly [about: string]: unknown;
}

/** `probes/<id>/run.ts` exports one of these as `report`. */
export type ProbeReport<Result = unknown> = (result: Result, labels: Labels) => Report;
