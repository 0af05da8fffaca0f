import { patternLayers } from '../../core/patterns';
import type { ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import type { Trace } from '../../core/run';
import { slice, type Tensor } from '../../core/tensor';
import { HEAD_KINDS, type HeadLabel, type HeadsOptions, type HeadsResult } from './meta';
import { lengthThatFits, patternHook, plan, sequenceStart, type HeadsInput } from './plan';

/** Scores of one head on one repeated sequence, mean attention mass 0–1. */
export interface HeadScores {
  readonly previous: number;
  readonly duplicate: number;
  readonly induction: number;
  readonly bos: number;
}

/**
 * @param pattern `[head, dest, src]` on a start token (`start` = 1, or 0 without) + n random tokens + the same n again.
 */
export function headScores(pattern: Tensor, head: number, n: number, start: number): HeadScores {
  const length = start + 2 * n;
  const mean = (from: number, src: (dest: number) => number): number => {
    let sum = 0;
    for (let dest = from; dest < length; dest++) sum += slice(pattern, head, dest)[src(dest)]!;
    return sum / (length - from);
  };
  const second = start + n;
  return {
    previous: mean(start + 1, (dest) => dest - 1),
    duplicate: mean(second, (dest) => dest - n),
    induction: mean(second, (dest) => dest - n + 1),
    bos: mean(start + 1, () => 0),
  };
}

/** A head that looks at content is named for that even when it rests on BOS elsewhere. */
export function headLabel(scores: HeadScores, threshold: number): HeadLabel {
  const content = (['previous', 'duplicate', 'induction'] as const).toSorted((a, b) => scores[b] - scores[a])[0]!;
  if (scores[content] >= threshold) return { kind: content, score: scores[content] };
  if (scores.bos >= threshold) return { kind: 'bos', score: scores.bos };
  return { kind: 'none', score: Math.max(scores[content], scores.bos) };
}

/** @param traces of the plan, in its order. */
export function read({ info, options }: HeadsInput, traces: readonly Trace[]): HeadsResult {
  const layers = patternLayers(info);
  const heads = info.dims.n_heads;
  const n = lengthThatFits(info, options.n);
  const { kind: first } = sequenceStart(info);
  const start = first === 'none' ? 0 : 1;
  const scores = layers.flatMap((layer) =>
    Array.from({ length: heads }, (_, head): HeadScores => {
      const each = traces.map((trace) => headScores(trace.captures.get(patternHook(layer))!, head, n, start));
      const mean = (kind: keyof HeadScores) => each.reduce((sum, one) => sum + one[kind], 0) / each.length;
      return {
        previous: mean('previous'),
        duplicate: mean('duplicate'),
        induction: mean('induction'),
        bos: mean('bos'),
      };
    }),
  );
  return {
    layers,
    n_heads: heads,
    previous: Float32Array.from(scores, (score) => score.previous),
    duplicate: Float32Array.from(scores, (score) => score.duplicate),
    induction: Float32Array.from(scores, (score) => score.induction),
    bos: Float32Array.from(scores, (score) => score.bos),
    labels: scores.map((score) => headLabel(score, options.threshold)),
    threshold: options.threshold,
    n,
    seeds: traces.length,
    start: first,
  };
}

export const run: ProbeRun<HeadsOptions, never, HeadsResult> = async function* (lab, input) {
  const specs = plan(input);
  lab.expect(specs.length);
  const traces: Trace[] = [];
  for await (const trace of lab.runs({ specs: specs.length }, specs, (one) => one)) traces.push(trace);
  return read(input, traces);
};

/** A row for each head. */
export const report: ProbeReport<HeadsResult> = (result) => ({
  n: result.n,
  seeds: result.seeds,
  start: result.start,
  threshold: result.threshold,
  rows: result.labels.map(({ kind }, at) => ({
    layer: result.layers[Math.floor(at / result.n_heads)]!,
    head: at % result.n_heads,
    ...Object.fromEntries(HEAD_KINDS.map((name) => [name, result[name][at]!])),
    label: kind,
  })),
});
