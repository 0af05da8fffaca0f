import { StrataError, throwIfAborted } from '../core/errors';
import type { HookName } from '../core/hooks';
import type { ModelDims } from '../core/model';
import type { LensRequest, LensTable } from '../core/run';
import { CELL_OUTPUTS, TAIL } from '../onnx/tail';
import type { Feeds } from './feeds';
import { breathe } from './breathe';
import { LensCells } from './lens-cells';
import type { InferenceSession, OrtTensor, Runtime } from './runtime';
import { sessionError } from './runtime';
import { checkFinite, floatsOf } from './values';

/** Most logits one session run may make (×4 bytes, and a few tensors of that size live at once). */
const CHUNK_LOGITS = 4_000_000;

/** Residual rows to look at: hooks bottom to top, the last one being the model's own output. */
export interface LensRows {
  readonly hooks: readonly HookName[];
  readonly depths: readonly number[];
  /** `[T, d_model]` of each hook. */
  readonly streams: readonly Float32Array[];
}

interface LensOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Up to here the cells that come along cost less than a session without them. */
const FEW_ROWS = 4;

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
  ) {}

  private async run(
    rows: Float32Array,
    shape: readonly [number, number],
    k: number,
    targets: readonly number[],
    fetches: readonly string[],
    finalProbabilities?: Float32Array,
  ): Promise<Record<string, OrtTensor>> {
    const { Tensor } = this.runtime;
    const feeds: Feeds = { [TAIL.rows]: new Tensor('float32', rows, [...shape, this.dims.d_model]) };
    if (k === 0 && shape[0] * shape[1] > FEW_ROWS) return this.attempt(await this.wideSession(), feeds, fetches);
    const final = finalProbabilities ?? new Float32Array(this.wholeStreams ? shape[0] * this.dims.d_vocab : 0);
    const ids = BigInt64Array.from(targets.length > 0 ? targets : [0], (id) => BigInt(id));
    feeds[TAIL.k] = new Tensor('int64', BigInt64Array.from([BigInt(Math.max(1, k))]), [1]);
    feeds[TAIL.targets] = new Tensor('int64', ids, [ids.length]);
    if (this.wholeStreams)
      feeds[TAIL.finalProbabilities] = new Tensor('float32', final, [shape[0], 1, this.dims.d_vocab]);
    return this.attempt(this.session, feeds, fetches);
  }

  private async attempt(
    session: InferenceSession,
    feeds: Feeds,
    fetches: readonly string[],
  ): Promise<Record<string, OrtTensor>> {
    try {
      return await session.run(feeds, fetches);
    } catch (cause) {
      throw sessionError(cause, 'run-failed');
    }
  }

  private async wideSession(): Promise<InferenceSession> {
    this.wideOpen ??= await this.openWide();
    return this.wideOpen;
  }

  /** Rows of the given positions and streams, position by position: `[P, R, d_model]`. */
  private gather(streams: readonly Float32Array[], positions: readonly number[]): Float32Array {
    const width = this.dims.d_model;
    const [only] = streams;
    if (only && streams.length === 1 && only.length === positions.length * width) return only;
    const rows = new Float32Array(positions.length * streams.length * width);
    positions.forEach((position, column) => {
      streams.forEach((stream, row) => {
        rows.set(stream.subarray(position * width, (position + 1) * width), (column * streams.length + row) * width);
      });
    });
    return rows;
  }

  private chunks(positions: readonly number[], rowsEach: number): number[][] {
    const size = Math.max(1, Math.floor(CHUNK_LOGITS / (rowsEach * this.dims.d_vocab)));
    const chunks: number[][] = [];
    for (let at = 0; at < positions.length; at += size) chunks.push(positions.slice(at, at + size));
    return chunks;
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
    let out: Float32Array | undefined;
    let done = 0;
    for (const chunk of this.chunks(positions, streams.length)) {
      if (done > 0) await breathe();
      throwIfAborted(signal);
      const shape = [chunk.length, streams.length] as const;
      const results = await this.run(this.gather(streams, chunk), shape, 0, [], [TAIL[output]]);
      const values = floatsOf(results[TAIL[output]], output);
      if (values.length === size && streams.length === 1) return values;
      const target = (out ??= new Float32Array(size));
      chunk.forEach((_, column) => {
        streams.forEach((_stream, row) => {
          const from = (column * streams.length + row) * width;
          target.set(values.subarray(from, from + width), (row * positions.length + done + column) * width);
        });
      });
      done += chunk.length;
    }
    return out ?? new Float32Array(0);
  }

  /**
   * Lens cells of the rows at the requested positions (SPEC.md, "Logit lens").
   * @throws StrataError `invalid-request` for a k, a target or a position outside the model.
   */
  async table(rows: LensRows, request: LensRequest, length: number, options: LensOptions): Promise<LensTable> {
    const positions = resolvePositions(request.positions, length);
    const k = checkRequest(request, this.dims.d_vocab);
    const count = rows.streams.length;
    const cells = new LensCells(count, positions.length, k, request.targets.length);
    if (this.wholeStreams) await this.fillRows(cells, rows, positions, k, request.targets, options);
    else await this.fillColumns(cells, rows, positions, k, request.targets, options);
    checkFinite('logit_lens', cells.topProbs);
    return {
      rowHooks: rows.hooks,
      rowDepth: rows.depths,
      positions,
      k,
      targets: request.targets,
      topIds: cells.topIds,
      topProbs: cells.topProbs,
      targetProbs: cells.targetProbs,
      targetRanks: cells.targetRanks,
      targetLogits: cells.targetLogits,
      entropyBits: cells.entropyBits,
      klBits: cells.klBits,
    };
  }

  private async fillColumns(
    cells: LensCells,
    rows: LensRows,
    positions: readonly number[],
    k: number,
    targets: readonly number[],
    options: LensOptions,
  ): Promise<void> {
    const count = rows.streams.length;
    let column = 0;
    for (const chunk of this.chunks(positions, count)) {
      if (column > 0) await breathe();
      throwIfAborted(options.signal);
      const results = await this.run(this.gather(rows.streams, chunk), [chunk.length, count], k, targets, CELL_OUTPUTS);
      cells.fillColumns(column, chunk.length, results);
      column += chunk.length;
      options.onProgress?.(column * count, positions.length * count);
    }
  }

  /** The final stream first: the divergence of the others is taken to it. */
  private async fillRows(
    cells: LensCells,
    rows: LensRows,
    positions: readonly number[],
    k: number,
    targets: readonly number[],
    options: LensOptions,
  ): Promise<void> {
    const last = rows.streams.at(-1)!;
    const shape = this.whole(last);
    const final = await this.run(last, shape, k, targets, [...CELL_OUTPUTS, TAIL.probabilities]);
    const probabilities = floatsOf(final[TAIL.probabilities], TAIL.probabilities);
    for (const [row, stream] of rows.streams.entries()) {
      await breathe();
      throwIfAborted(options.signal);
      const results = stream === last ? final : await this.run(stream, shape, k, targets, CELL_OUTPUTS, probabilities);
      cells.fillRow(row, positions, results, final);
      options.onProgress?.((row + 1) * positions.length, rows.streams.length * positions.length);
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
