import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { logitDifference, logitRange } from '../core/compare-logits';
import type { ModelFiles, SelfCheck } from '../core/model';
import { distinctIds, unusualIds } from '../core/random';
import type { Engine, KeptVerdicts } from '../engine/engine';
import { checkPlace } from '../models/check-keys';
import type { KeptDocuments, LoadCall, ShippedChecks } from './deps';

/** Length of the random prompt both backends run. */
const CHECK_TOKENS = 32;
/** Logits that are kept of a result: the highest, and others spread over the vocabulary. */
const KEPT_TOP = 64;
const KEPT_SPREAD = 960;

/** What the short prompt gave on WASM, or as much of it as is kept on the device. */
export interface ShortResult {
  /** Token ids of `logits`; absent: all, in order. */
  readonly ids?: readonly number[];
  readonly logits: ArrayLike<number>;
  readonly low: number;
  readonly high: number;
  /** Of a run once everything is compiled; absent where it was run only once. */
  readonly milliseconds?: number;
}

const KeptResult = v.pipe(
  v.object({
    ids: v.array(v.number()),
    // JSON writes −∞, which ids of a padded vocabulary may have, as null.
    logits: v.array(
      v.pipe(
        v.nullable(v.number()),
        v.transform((logit) => logit ?? -Infinity),
      ),
    ),
    low: v.number(),
    high: v.number(),
    milliseconds: v.exactOptional(v.number()),
  }),
  v.check(({ ids, logits }) => ids.length === logits.length),
);

export type Compared = Extract<SelfCheck, { readonly when: unknown }>;

/** What comparing found; kept so that it need not be found again. */
export interface Verdict {
  /** As a part of the range of the logits. */
  readonly difference: number;
  /** What the prompt took on WebGPU. */
  readonly milliseconds: number;
}

const KeptVerdict = v.object({
  // JSON writes Infinity as null.
  difference: v.pipe(
    v.nullable(v.number()),
    v.transform((found) => found ?? Infinity),
  ),
  milliseconds: v.number(),
});

/** Logits `[d_vocab]` after the last token of a short random prompt, the same for every load of a model. */
export async function measure(engine: Engine, call: LoadCall, runs: 1 | 2 = 2): Promise<ShortResult> {
  call.onProgress({ stage: 'prepare', step: 'self-check' });
  const { info } = engine;
  const start = info.bosTokenId === undefined ? [] : [info.bosTokenId];
  const unusual = unusualIds(info);
  const length = Math.min(CHECK_TOKENS, info.limits.tokens - start.length, info.dims.d_vocab - unusual.length);
  const tokens = [...start, ...distinctIds(length, info.dims.d_vocab, unusual, 1)];
  const options = call.signal ? { signal: call.signal } : {};
  const first = await engine.generateStep(tokens, options);
  if (runs === 1) return { logits: first, ...logitRange(first) };
  // The first run compiles; the second is what a person will wait for.
  const before = performance.now();
  const logits = await engine.generateStep(tokens, options);
  return { logits, ...logitRange(logits), milliseconds: performance.now() - before };
}

/** The largest difference of two results of the same prompt as a part of the reference's range. */
export function difference({ ids, logits, ...range }: ShortResult, other: Float32Array): number {
  // Also where nothing is kept to compare with.
  if (other.some((value) => Number.isNaN(value) || value === Infinity)) return Infinity;
  return logitDifference(logits, (index) => other[ids?.[index] ?? index]!, range);
}

/** As much of a result as is worth keeping. */
export function shorten({ logits, low, high, milliseconds }: ShortResult): ShortResult {
  const all = Array.from(logits);
  const step = Math.max(1, Math.floor(all.length / KEPT_SPREAD));
  const order = [...all.keys()];
  const spread = order.filter((id) => id % step === 0);
  const top = order.sort((a, b) => (all[a] === all[b] ? 0 : all[b]! - all[a]!)).slice(0, KEPT_TOP);
  const ids = [...new Set([...top, ...spread])];
  const kept = ids.map((id) => all[id]!);
  return { ids, logits: kept, low, high, ...(milliseconds === undefined ? {} : { milliseconds }) };
}

/** Bytes read for a fingerprint from each place of each file, and how many places. */
const PIECE_BYTES = 4096;
const PIECES = 64;

/** Names a model by its bytes: pieces of every file, so that two fine-tunings under one name are told apart. */
export function fingerprint(files: ModelFiles): string {
  const hash = sha256.create();
  const add = (name: string, bytes: Uint8Array): void => {
    hash.update(new TextEncoder().encode(`${name}\0${bytes.length}\0`));
    const step = Math.max(PIECE_BYTES, Math.floor(bytes.length / PIECES));
    for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + PIECE_BYTES));
  };
  add('', files.graph.bytes);
  for (const [location, bytes] of files.external) add(location, bytes);
  return bytesToHex(hash.digest());
}

/** @param name Of a verdict, as the engine calls it. */
export const shippedKey = (model: string, name: string): string => `${model}/${name}`;

/** What earlier loads of a model found on this device. Anything may stand there; what cannot be read counts as nothing. */
export class CheckMemory implements KeptVerdicts {
  readonly #kept: KeptDocuments;
  readonly #files: ModelFiles;
  #fingerprint: string | undefined;

  /** @param shippedChecks What was found when the app was built, by fingerprint and name. */
  constructor(
    kept: KeptDocuments,
    files: ModelFiles,
    private readonly shippedChecks: ShippedChecks = {},
  ) {
    this.#kept = kept;
    this.#files = files;
  }

  shipped(name: string): number | undefined {
    return this.shippedChecks[shippedKey((this.#fingerprint ??= fingerprint(this.#files)), name)];
  }

  get #model(): string {
    this.#fingerprint ??= fingerprint(this.#files);
    return `${checkPlace(this.#files)}/${this.#fingerprint}`;
  }

  async reference(): Promise<ShortResult | undefined> {
    const read = v.safeParse(KeptResult, await this.read('wasm'));
    return read.success ? read.output : undefined;
  }

  async keepReference(result: ShortResult): Promise<void> {
    await this.write('wasm', shorten(result));
  }

  /** @param adapter Another graphics device may compute otherwise. */
  async verdict(adapter: string): Promise<Verdict | undefined> {
    const read = v.safeParse(KeptVerdict, await this.read(`webgpu/${adapter}`));
    return read.success ? read.output : undefined;
  }

  async keepVerdict(adapter: string, verdict: Verdict): Promise<void> {
    await this.write(`webgpu/${adapter}`, verdict);
  }

  async read(name: string): Promise<unknown> {
    try {
      return await this.#kept.read(`${this.#model}/${name}`);
    } catch {
      return undefined;
    }
  }

  async write(name: string, value: unknown): Promise<void> {
    try {
      await this.#kept.write(`${this.#model}/${name}`, value);
    } catch {
      // Then it is found again at the next load.
    }
  }
}
