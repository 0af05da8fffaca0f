import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * What a file's bytes must hash to. `git-sha1` is git's blob id (SHA-1 over `blob <size>\0` and the content), which is
 * all the hub states for files outside LFS.
 */
export interface Checksum {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly hex: string;
}

/** Up to here a second pass by the browser's own SHA-256 is quicker than hashing in JavaScript, and its copy is small. */
const NATIVE_LIMIT = 64 * 2 ** 20;

interface Running {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Hashes a file of known size piece by piece. */
export class Hasher {
  readonly #running: Running | undefined;
  readonly #algorithm: Checksum['algorithm'];

  /** @param streaming The file will never be in memory as a whole: hash every piece as it comes. */
  constructor(algorithm: Checksum['algorithm'], bytes: number, streaming = false) {
    this.#algorithm = algorithm;
    if (algorithm === 'git-sha1') {
      this.#running = sha1.create().update(new TextEncoder().encode(`blob ${bytes}\0`));
    } else if (streaming || bytes > NATIVE_LIMIT || !nativeDigest()) {
      this.#running = sha256.create();
    }
  }

  update(piece: Uint8Array): void {
    this.#running?.update(piece);
  }

  /** @param whole The file's bytes, the same that were handed to {@link update}; not read when streaming. */
  async finish(whole: Uint8Array<ArrayBuffer>): Promise<Checksum> {
    const digest = this.#running?.digest() ?? new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
    return { algorithm: this.#algorithm, hex: bytesToHex(digest) };
  }
}

/** Absent on a page served over plain http from another machine. */
function nativeDigest(): boolean {
  return typeof crypto !== 'undefined' && (crypto.subtle as SubtleCrypto | undefined) !== undefined;
}

/** SHA-256 of bytes already at hand, in hex. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hasher = new Hasher('sha256', bytes.length);
  hasher.update(bytes);
  return (await hasher.finish(bytes)).hex;
}
