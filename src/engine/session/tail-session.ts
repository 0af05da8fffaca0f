import { StrataError, throwIfAborted } from '../../core/errors';
import type { HookName } from '../../core/hooks';
import type { ModelDims } from '../../core/model';
import type { LensRequest, LensTable } from '../../core/run';
import { CELL_OUTPUTS, TAIL } from '../../onnx/tail-header';
import type { Feeds } from './feeds';
import { breathe } from '../../core/breathe';
import { CellResults, LensCells } from './lens-cells';
import type { InferenceSession, OrtTensor, Runtime } from './runtime';
import { runSession } from './run-session';
import { checkFinite, floatsOf } from '../run/values';

/** Most bytes the tensors as wide as the vocabulary may take in one session run. */
const CHUNK_BYTES = 96e6;
/** Of each logit: itself, its logarithm of a probability, and what a divergence is made of; the runtime uses room again. */
const LOGIT_BYTES = 32;
/** And its comparison with each target, as truth and as number. */
const TARGET_BYTES = 5;

/** Residual rows to look at: hooks bottom to top, the last one being the model's own output. */
export interface LensRows {
  readonly hooks: readonly HookName[];
  readonly depths: readonly number[];
}

/** `[T, d_model]` of each row's hook. */
export type Streams = readonly Float32Array[];

/** One run's cells and what they are filled from. */
interface Filled {
  readonly streams: Streams;
  readonly cells: LensCells;
}

/** A position of one run. */
interface Column {
  readonly streams: Streams;
  readonly position: number;
}

interface LensOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Up to here the cells that come along cost less than a session without them. */
const FEW_ROWS = 8;

/** The session that turns residual rows into logits and lens cells. */
export class TailSession {
  /** For many rows of bare logits: the same weights again, opened when first asked for. */
  private wideOpen: InferenceSession | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly dims: ModelDims,
    private readonly wholeStreams: boolean,
    private readonly openWide: () => Promise<InferenceSession>,
    /** Longest time one run may take, in ms. */
    private readonly deadline: number,
  ) {}

  private async run(
    rows: Float32Array,
    shape: readonly [number, number],
    k: number,
    targets: readonly number[],
    fetches: readonly string[],
    finalLogProbabilities?: Float32Array,
  ): Promise<Record<string, OrtTensor>> {
    const { Tensor } = this.runtime;
    const feeds: Feeds = { [TAIL.rows]: new Tensor('float32', rows, [...shape, this.dims.d_model]) };
    if (k === 0 && shape[0] * shape[1] > FEW_ROWS) return this.attempt(await this.wideSession(), feeds, fetches);
    const final = finalLogProbabilities ?? new Float32Array(this.wholeStreams ? shape[0] * this.dims.d_vocab : 0);
    const ids = BigInt64Array.from(targets.length > 0 ? targets : [0], (id) => BigInt(id));
    feeds[TAIL.k] = new Tensor('int64', BigInt64Array.from([BigInt(Math.max(1, k))]), [1]);
    feeds[TAIL.targets] = new Tensor('int64', ids, [ids.length]);
    if (this.wholeStreams)
      feeds[TAIL.finalLogProbabilities] = new Tensor('float32', final, [shape[0], 1, this.dims.d_vocab]);
    return this.attempt(this.session, feeds, fetches);
  }

  private async attempt(
    session: InferenceSession,
    feeds: Feeds,
    fetches: readonly string[],
  ): Promise<Record<string, OrtTensor>> {
    return runSession(session, this.deadline, feeds, fetches);
  }

  private async wideSession(): Promise<InferenceSession> {
    this.wideOpen ??= await this.openWide();
    return this.wideOpen;
  }

  /** Rows of the given columns: the streams of each at its position, `[P, R, d_model]`. */
  private gather(columns: readonly Column[], rows: readonly number[]): Float32Array {
    const width = this.dims.d_model;
    const gathered = new Float32Array(columns.length * rows.length * width);
    columns.forEach(({ streams, position }, column) => {
      rows.forEach((row, index) => {
        const values = streams[row]!.subarray(position * width, (position + 1) * width);
        gathered.set(values, (column * rows.length + index) * width);
      });
    });
    return gathered;
  }

  /** What one run needs for every token of the prompt; nothing where prompts are taken in parts. */
  bytesPerToken(targets: number): number {
    // The final probabilities are handed in as well, from the page's memory.
    return this.wholeStreams ? this.dims.d_vocab * (LOGIT_BYTES + 8 + TARGET_BYTES * targets) : 0;
  }

  /** How many rows of logits one run may make. */
  private rowsPerRun(targets: number): number {
    return Math.max(1, Math.floor(CHUNK_BYTES / ((LOGIT_BYTES + TARGET_BYTES * targets) * this.dims.d_vocab)));
  }

  /** One of the wide outputs for whole streams: `[R, T, width]`. */
  async wide(
    output: 'logits' | 'normalized',
    streams: readonly Float32Array[],
    positions: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const width = output === 'logits' ? this.dims.d_vocab : this.dims.d_model;
    const size = streams.length * positions.length * width;
    if (this.wholeStreams) {
      const out = new Float32Array(size);
      for (const [row, stream] of streams.entries()) {
        throwIfAborted(signal);
        const results = await this.run(stream, this.whole(stream), 0, [], [TAIL[output]]);
        const values = floatsOf(results[TAIL[output]], output);
        positions.forEach((position, column) => {
          out.set(values.subarray(position * width, (position + 1) * width), (row * positions.length + column) * width);
        });
      }
      return out;
    }
    const columns = streams.flatMap((stream) => positions.map((position): Column => ({ streams: [stream], position })));
    let out: Float32Array | undefined;
    let done = 0;
    for (const chunk of pieces(columns, this.rowsPerRun(0))) {
      if (done > 0) await breathe();
      throwIfAborted(signal);
      const results = await this.run(this.gather(chunk, [0]), [chunk.length, 1], 0, [], [TAIL[output]]);
      const values = floatsOf(results[TAIL[output]], output);
      if (values.length === size) return values;
      out ??= new Float32Array(size);
      out.set(values, done * width);
      done += chunk.length;
    }
    return out ?? new Float32Array(0);
  }

  /**
   * Lens cells of the rows at the requested positions (docs/definitions.md, “Logit lens”), for each of several runs.
   * @param runs Per run the streams `[T, d_model]`, bottom to top, as the rows name them.
   * @throws StrataError `invalid-request` for a k, a target or a position outside the model.
   */
  async tables(
    rows: LensRows,
    runs: readonly Streams[],
    request: LensRequest,
    length: number,
    options: LensOptions,
  ): Promise<LensTable[]> {
    const positions = resolvePositions(request.positions, length);
    const k = checkRequest(request, this.dims.d_vocab);
    const { targets } = request;
    const filled = runs.map((streams) => ({
      streams,
      cells: new LensCells(streams.length, positions.length, k, targets.length),
    }));
    if (this.wholeStreams) await this.fillRows(filled, positions, k, targets, options);
    else await this.fillColumns(filled, positions, k, targets, options);
    return filled.map(({ cells }) => {
      checkFinite('logit_lens', cells.topProbs);
      return {
        rowHooks: rows.hooks,
        rowDepth: rows.depths,
        positions,
        k,
        targets,
        topIds: cells.topIds,
        topProbs: cells.topProbs,
        targetProbs: cells.targetProbs,
        targetRanks: cells.targetRanks,
        targetLogits: cells.targetLogits,
        entropyBits: cells.entropyBits,
        klBits: cells.klBits,
      };
    });
  }

  /** Column by column, those of all runs together. */
  private async fillColumns(
    runs: readonly Filled[],
    positions: readonly number[],
    k: number,
    targets: readonly number[],
    options: LensOptions,
  ): Promise<void> {
    const columns = runs.flatMap(({ streams, cells }) =>
      positions.map((position, column) => ({ streams, cells, position, column })),
    );
    const count = runs[0]?.streams.length ?? 0;
    const perRun = this.rowsPerRun(Math.max(1, targets.length));
    // Where one column is too much, its rows are split; each part has the final row beside it.
    const parts =
      count <= perRun
        ? [Array.from({ length: count }, (_, row) => row)]
        : pieces(
            Array.from({ length: count - 1 }, (_, row) => row),
            Math.max(1, perRun - 1),
          ).map((part) => [...part, count - 1]);
    let done = 0;
    for (const chunk of pieces(columns, Math.max(1, Math.floor(perRun / count)))) {
      for (const part of parts) {
        if (done > 0) await breathe();
        throwIfAborted(options.signal);
        const shape = [chunk.length, part.length] as const;
        const results = new CellResults(await this.run(this.gather(chunk, part), shape, k, targets, CELL_OUTPUTS), k);
        chunk.forEach(({ cells, column }, index) => cells.fillColumn(column, part, results, index * part.length));
        const isLast = part === parts.at(-1);
        // The final row counts once.
        done += (part.length - (isLast ? 0 : 1)) * chunk.length;
        options.onProgress?.(done, columns.length * count);
      }
    }
  }

  /** Stream by stream, the final one of each run first: the divergence of the others is taken to it. */
  private async fillRows(
    runs: readonly Filled[],
    positions: readonly number[],
    k: number,
    targets: readonly number[],
    options: LensOptions,
  ): Promise<void> {
    let done = 0;
    for (const { streams, cells } of runs) {
      const last = streams.at(-1)!;
      const shape = this.whole(last);
      const final = await this.run(last, shape, k, targets, [...CELL_OUTPUTS, TAIL.logProbabilities]);
      const logProbabilities = floatsOf(final[TAIL.logProbabilities], TAIL.logProbabilities);
      for (const [row, stream] of streams.entries()) {
        await breathe();
        throwIfAborted(options.signal);
        const results =
          stream === last ? final : await this.run(stream, shape, k, targets, CELL_OUTPUTS, logProbabilities);
        cells.fillRow(row, positions, new CellResults(results, k));
        done += positions.length;
        options.onProgress?.(done, runs.length * streams.length * positions.length);
      }
    }
  }

  /** All positions of one stream. */
  private whole(stream: Float32Array): readonly [number, number] {
    return [stream.length / this.dims.d_model, 1];
  }

  /** Closes what was opened for captures. */
  async reset(): Promise<void> {
    const { wideOpen } = this;
    this.wideOpen = undefined;
    await wideOpen?.release();
  }

  async release(): Promise<void> {
    await this.reset();
    await this.session.release();
  }
}

function pieces<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}

export function resolvePositions(positions: 'all' | readonly number[], length: number): number[] {
  if (positions === 'all') return Array.from({ length }, (_, position) => position);
  return positions.map((position) => {
    const at = position < 0 ? position + length : position;
    if (Number.isInteger(at) && at >= 0 && at < length) return at;
    throw new StrataError('invalid-request', `There is no position ${position}; the prompt has ${length} tokens.`, {
      position,
    });
  });
}

function checkRequest(request: LensRequest, d_vocab: number): number {
  if (!Number.isInteger(request.k) || request.k < 1)
    throw new StrataError('invalid-request', 'The number of top tokens must be at least 1.');
  const foreign = request.targets.find((id) => !Number.isInteger(id) || id < 0 || id >= d_vocab);
  if (foreign !== undefined) throw new StrataError('invalid-request', `There is no token ${foreign}.`, { id: foreign });
  return Math.min(request.k, d_vocab);
}
