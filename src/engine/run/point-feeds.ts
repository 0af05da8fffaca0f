import type { ModelDims } from '../../core/model';
import { pointInputs, type Point } from '../../onnx/trunk-header';

/** A float32 input of an intervention point. */
export interface PointFeed {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** What one run puts into its points, by input name; a point that is not there is left as it is. */
export type RunFeeds = ReadonlyMap<string, PointFeed>;

const flat = (data: Float32Array): PointFeed => ({ dims: [data.length], data });

/** The feeds of every point of a session for the runs of a batch; each run has its own row of them. */
export function batchFeeds(
  points: readonly Point[],
  runs: readonly RunFeeds[],
  dims: ModelDims,
): ReadonlyMap<string, PointFeed> {
  const feeds = new Map<string, PointFeed>();
  for (const point of points) {
    const names = pointInputs(point);
    const values =
      point.kind === 'edit'
        ? editFeeds(names as [string, string], runs, dims)
        : // Scale leaves a value as it is at one; shift and mask at zero.
          names.map((name, index) => listed(name, runs, point.kind === 'affine' && index === 0 ? 1 : 0));
    names.forEach((name, index) => feeds.set(name, values[index]!));
  }
  return feeds;
}

/** One number for all where no run uses the input: that costs next to nothing. */
function listed(name: string, runs: readonly RunFeeds[], neutral: number): PointFeed {
  const used = runs.find((run) => run.has(name))?.get(name);
  if (!used) return flat(Float32Array.of(neutral));
  if (runs.length === 1) return flat(used.data);
  const size = used.data.length;
  const all = new Float32Array(runs.length * size);
  runs.forEach((run, row) => {
    const own = run.get(name);
    if (own) all.set(own.data, row * size);
    else if (neutral !== 0) all.fill(neutral, row * size, (row + 1) * size);
  });
  return flat(all);
}

/** Keys `[batch, d_mlp, edits]` and values `[batch, edits, d_model]`; edits that a run does not have are zeros. */
function editFeeds(
  [key, value]: readonly [string, string],
  runs: readonly RunFeeds[],
  { d_mlp, d_model }: ModelDims,
): readonly [PointFeed, PointFeed] {
  const counts = runs.map((run) => run.get(value)?.dims[0] ?? 0);
  const most = Math.max(...counts);
  // A product with one row of zeros, whatever the number of prompts, is the cheapest that changes nothing.
  const rows = most === 0 ? 1 : runs.length;
  const edits = Math.max(1, most);
  const keys = new Float32Array(rows * d_mlp * edits);
  const values = new Float32Array(rows * edits * d_model);
  runs.forEach((run, row) => {
    const [columns, lines] = [run.get(key), run.get(value)];
    if (!columns || !lines) return;
    const count = counts[row]!;
    values.set(lines.data, row * edits * d_model);
    for (let unit = 0; unit < d_mlp; unit++) {
      keys.set(columns.data.subarray(unit * count, (unit + 1) * count), (row * d_mlp + unit) * edits);
    }
  });
  return [
    { dims: [rows, d_mlp, edits], data: keys },
    { dims: [rows, edits, d_model], data: values },
  ];
}
