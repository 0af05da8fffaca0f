import { StrataError, throwIfAborted } from '../core/errors';
import type { HookName } from '../core/hooks';
import type { ModelDims } from '../core/model';
import type { LensRequest, LensTable } from '../core/run';
import { TAIL } from '../onnx/tail';
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

/** The session that turns residual rows into logits and lens cells. */
export class TailSession {
  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly dims: ModelDims,
  ) {}

  private async run(
    rows: Float32Array,
    shape: readonly [number, number],
    k: number,
    targets: readonly number[],
    fetches: readonly string[],
  ): Promise<Record<string, OrtTensor>> {
    const { Tensor } = this.runtime;
    const ids = BigInt64Array.from(targets.length > 0 ? targets : [0], (id) => BigInt(id));
    try {
      return await this.session.run(
        {
          [TAIL.rows]: new Tensor('float32', rows, [...shape, this.dims.d_model]),
          [TAIL.k]: new Tensor('int64', BigInt64Array.from([BigInt(k)]), [1]),
          [TAIL.targets]: new Tensor('int64', ids, [ids.length]),
        },
        fetches,
      );
    } catch (cause) {
      throw sessionError(cause, 'run-failed');
    }
  }

  /** Rows of the given positions and streams, position by position: `[P, R, d_model]`. */
  private gather(streams: readonly Float32Array[], positions: readonly number[]): Float32Array {
    const width = this.dims.d_model;
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
    const out = new Float32Array(streams.length * positions.length * width);
    let done = 0;
    for (const chunk of this.chunks(positions, streams.length)) {
      throwIfAborted(signal);
      const shape = [chunk.length, streams.length] as const;
      const results = await this.run(this.gather(streams, chunk), shape, 1, [], [TAIL[output]]);
      const values = floatsOf(results[TAIL[output]], output);
      chunk.forEach((_, column) => {
        streams.forEach((_stream, row) => {
          const from = (column * streams.length + row) * width;
          out.set(values.subarray(from, from + width), (row * positions.length + done + column) * width);
        });
      });
      done += chunk.length;
    }
    return out;
  }

  /**
   * Lens cells of the rows at the requested positions (SPEC.md, "Logit lens").
   * @throws StrataError `invalid-request` for a k, a target or a position outside the model.
   */
  async table(
    rows: LensRows,
    request: LensRequest,
    length: number,
    options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((done: number, total: number) => void) | undefined },
  ): Promise<LensTable> {
    const positions = resolvePositions(request.positions, length);
    const k = checkRequest(request, this.dims.d_vocab);
    const count = rows.streams.length;
    const cells = new LensCells(count, positions.length, k, request.targets.length);
    let column = 0;
    for (const chunk of this.chunks(positions, count)) {
      throwIfAborted(options.signal);
      const fetches = [TAIL.topLogits, TAIL.topIds, TAIL.topProbability, TAIL.ownMean, TAIL.finalMean, TAIL.targetLogits, TAIL.targetAbove];
      const results = await this.run(this.gather(rows.streams, chunk), [chunk.length, count], k, request.targets, fetches);
      cells.fill(column, chunk.length, results);
      column += chunk.length;
      options.onProgress?.(column * count, positions.length * count);
    }
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

  async release(): Promise<void> {
    await this.session.release();
  }
}

export function resolvePositions(positions: 'all' | readonly number[], length: number): number[] {
  if (positions === 'all') return Array.from({ length }, (_, position) => position);
  return positions.map((position) => {
    const at = position < 0 ? position + length : position;
    if (Number.isInteger(at) && at >= 0 && at < length) return at;
    throw new StrataError('invalid-request', `There is no position ${position}; the prompt has ${length} tokens.`, { position });
  });
}

function checkRequest(request: LensRequest, d_vocab: number): number {
  if (!Number.isInteger(request.k) || request.k < 1) throw new StrataError('invalid-request', 'The number of top tokens must be at least 1.');
  const foreign = request.targets.find((id) => !Number.isInteger(id) || id < 0 || id >= d_vocab);
  if (foreign !== undefined) throw new StrataError('invalid-request', `There is no token ${foreign}.`, { id: foreign });
  return Math.min(request.k, d_vocab);
}

/** The arrays of a {@link LensTable} (`[row, column, …]`), filled from session results (`[column, row, …]`). */
class LensCells {
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

  fill(firstColumn: number, width: number, results: Record<string, OrtTensor>): void {
    const value = (name: string): Float32Array => floatsOf(results[name], name);
    const topLogits = value(TAIL.topLogits);
    const topIds = results[TAIL.topIds]!.data as BigInt64Array;
    const topProbability = value(TAIL.topProbability);
    const ownMean = value(TAIL.ownMean);
    const finalMean = value(TAIL.finalMean);
    const targetLogits = value(TAIL.targetLogits);
    const targetAbove = value(TAIL.targetAbove);
    const stride = Math.max(1, this.targets);
    for (let column = 0; column < width; column++) {
      const final = column * this.rows + this.rows - 1;
      const finalNormaliser = topLogits[final * this.k]! - Math.log(topProbability[final]!);
      const finalEntropy = finalNormaliser - ownMean[final]!;
      for (let row = 0; row < this.rows; row++) {
        const from = column * this.rows + row;
        const cell = row * this.columns + firstColumn + column;
        // The softmax gives the top token exp(x − max)/Σ, whose logarithm is the row's normaliser without another pass.
        const normaliser = topLogits[from * this.k]! - Math.log(topProbability[from]!);
        for (let item = 0; item < this.k; item++) {
          this.topIds[cell * this.k + item] = Number(topIds[from * this.k + item]);
          this.topProbs[cell * this.k + item] = Math.exp(topLogits[from * this.k + item]! - normaliser);
        }
        for (let item = 0; item < this.targets; item++) {
          const logit = targetLogits[from * stride + item]!;
          this.targetLogits[cell * this.targets + item] = logit;
          this.targetProbs[cell * this.targets + item] = Math.exp(logit - normaliser);
          this.targetRanks[cell * this.targets + item] = 1 + Math.round(targetAbove[from * stride + item]!);
        }
        this.entropyBits[cell] = Math.max(0, (normaliser - ownMean[from]!) / Math.LN2);
        // Both are sums with rounding; a divergence is never below zero.
        this.klBits[cell] = row === this.rows - 1 ? 0 : Math.max(0, (normaliser - finalMean[from]! - finalEntropy) / Math.LN2);
      }
    }
  }
}
