import { describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { StrataError } from '../core/errors';
import { seededRandom } from '../core/random';
import { findAnatomy } from './anatomy';
import { GraphView } from './graph';
import { checkSafety } from './safety';
import { scanModel } from './scan';

const TINY = { name: 'tiny', n_layer: 1, n_head: 2, n_embd: 8, n_inner: 16, n_positions: 8, vocab_size: 24 };
/** A few seconds' worth; `STRATA_FUZZ=100000` for the long run. */
const FILES = Number(process.env['STRATA_FUZZ'] ?? 1500);
const SLOW_MILLISECONDS = 2000;

const tiny = randomGpt2(TINY);

/** Everything that reads a foreign file before a session is made. */
function read(bytes: Uint8Array): void {
  const model = scanModel(bytes);
  checkSafety(model, tiny.external);
  findAnatomy(new GraphView(model, tiny.external), tiny.config);
}

/** Flips bits, overwrites, cuts, repeats and moves pieces. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const at = (size: number): number => Math.floor(random() * size);
  let bytes = original.slice();
  for (let change = at(4); change >= 0; change--) {
    const where = at(bytes.length);
    const length = at(40);
    const kind = at(6);
    if (kind === 0) bytes[where]! ^= 1 << at(8);
    else if (kind === 1) bytes[where] = at(256);
    else if (kind === 2) bytes.fill(0xff, where, where + length);
    else if (kind === 3) bytes = bytes.slice(0, where);
    else if (kind === 4) bytes.copyWithin(at(bytes.length), where, where + length);
    else bytes = new Uint8Array([...bytes.subarray(0, where), ...bytes.subarray(where + length)]);
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

describe('foreign model files', () => {
  it('reads the file the mutations start from', () => {
    expect(() => read(tiny.graph.bytes)).not.toThrow();
  });

  it(`survives ${FILES} damaged ones: each is read or refused with a code, quickly`, () => {
    const random = seededRandom(20261121);
    const codes = new Map<string, number>();
    let slowest = 0;
    for (let file = 0; file < FILES; file++) {
      const bytes = mutate(tiny.graph.bytes, random);
      const begin = performance.now();
      let outcome = 'read';
      try {
        read(bytes);
      } catch (cause) {
        if (!(cause instanceof StrataError)) throw new Error(`file ${file} of the seed`, { cause });
        outcome = cause.code;
      }
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
      slowest = Math.max(slowest, performance.now() - begin);
    }
    expect(slowest).toBeLessThan(SLOW_MILLISECONDS);
    expect([...codes.keys()]).toEqual(expect.arrayContaining(['read', 'malformed-model', 'unknown-anatomy']));
  }, 600_000);
});
