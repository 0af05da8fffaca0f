import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { logitDifference } from '../../core/compare-logits';
import { StrataError } from '../../core/errors';
import type { FileCheck, ModelFiles } from '../../core/model';
import type { Anatomy } from '../../onnx/anatomy';
import type { Caches } from '../../onnx/cache';
import type { GraphView } from '../../onnx/graph';
import { buildTail, type TailHeader } from '../../onnx/tail-header';
import { buildTrunk, type Trunk } from '../../onnx/trunk-header';
import type { KeptVerdicts } from '../engine';
import { TrunkSession, type TrunkParts } from './trunk-session';

/** Above this the file is not opened once more only to compare. */
const COMPARABLE_BYTES = 600 * 2 ** 20;

/** How far the logits were apart, and when that was found. */
export type FoundDifference = Pick<Exclude<FileCheck, { kind: 'not-compared' }>, 'difference' | 'when'>;

/** Logits of the file as it is, or why there are none. */
export type FileLogits = Float32Array | Extract<FileCheck, { kind: 'not-compared' }>;

/**
 * Runs the untouched graph over a short prompt, in a session that is closed before the model's own are opened: the
 * weights are held once at any time.
 * @param parts Without an anatomy, so that nothing is built in.
 */
export async function untouchedLogits(
  parts: TrunkParts,
  tokens: readonly number[],
  { provenance }: ModelFiles,
): Promise<FileLogits> {
  if (provenance.bytes > COMPARABLE_BYTES) return { kind: 'not-compared', reason: 'too-large' };
  let session: TrunkSession | undefined;
  try {
    session = await TrunkSession.open(parts, [], 'one-run');
    const values = await session.run([tokens], ['logits'], [new Map()], true);
    return values.get('logits')!;
  } catch (cause) {
    // The model's own sessions say what is wrong, if it is wrong for them too.
    if (StrataError.from(cause).code === 'cancelled') throw cause;
    return { kind: 'not-compared', reason: 'file-failed' };
  } finally {
    await session?.release();
  }
}

/**
 * Holds logits `[pos, d_vocab]` to the file's own, which may be of the last position alone.
 * @returns The largest difference as a part of the range.
 */
export function differenceToFile(ours: Float32Array, theirs: Float32Array, d_vocab: number): number {
  if (theirs.length !== ours.length && theirs.length !== d_vocab) return Infinity;
  const own = ours.subarray(ours.length - theirs.length);
  return logitDifference(theirs, (index) => own[index]!);
}

/** What the sessions of a recognised model are opened from, before there are points in it. */
export interface PlainHeaders {
  readonly tail: TailHeader;
  readonly trunk: Trunk;
}

export function plainHeaders(view: GraphView, anatomy: Anatomy, caches: Caches): PlainHeaders {
  return { tail: buildTail(view, anatomy), trunk: buildTrunk(view, anatomy, caches, [...anatomy.sites.keys()], []) };
}

/** What earlier loads found, for these very headers: another version of the app may recognise the file otherwise. */
export class FileVerdict {
  private readonly name: string;

  constructor(
    private readonly kept: KeptVerdicts | undefined,
    { tail, trunk }: PlainHeaders,
  ) {
    const hashes = kept ? [tail, trunk].map(({ header }) => bytesToHex(sha256(header.bytes))) : [];
    this.name = `file/${hashes.join('-')}`;
  }

  async read(): Promise<FoundDifference | undefined> {
    const shipped = this.kept?.shipped?.(this.name);
    if (shipped !== undefined) return { difference: shipped, when: 'built' };
    const found = await this.kept?.read(this.name);
    // JSON writes Infinity as null.
    if (found === null) return { difference: Infinity, when: 'before' };
    return typeof found === 'number' ? { difference: found, when: 'before' } : undefined;
  }

  async write(difference: number): Promise<void> {
    await this.kept?.write(this.name, difference);
  }
}
