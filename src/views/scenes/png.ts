import { LOOKUP } from '../colour';

/**
 * A square map of shades as a PNG file with a palette: index 0 is transparent, 1–255 are the steps of the page's scale.
 * Stored, not compressed: maps are small, and browsers only compress asynchronously.
 */
export function indexedPng(values: Uint8Array, size: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size);
  view.setUint32(4, size);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette, deflate, no filter, not interlaced
  const palette = new Uint8Array(256 * 3);
  for (let step = 0; step < 256; step++) palette.set(LOOKUP.light.subarray(step * 4, step * 4 + 3), step * 3);
  const rows = new Uint8Array(size * (size + 1));
  for (let row = 0; row < size; row++) rows.set(values.subarray(row * size, (row + 1) * size), row * (size + 1) + 1);
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('tRNS', Uint8Array.of(0)),
    chunk('IDAT', stored(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Signature and header, which stand first in every PNG file. */
const AFTER_HEADER = 8 + 12 + 13;

/** The PNG file with a comment in it (`iTXt`, keyword `Comment`, not compressed). */
export function withComment(png: Uint8Array, comment: string): Uint8Array<ArrayBuffer> {
  // Keyword, end of keyword, not compressed, no method, no language, no translated keyword.
  const head = 'Comment\0\0\0\0\0';
  const text = chunk('iTXt', new TextEncoder().encode(head + comment));
  return joined([png.subarray(0, AFTER_HEADER), text, png.subarray(AFTER_HEADER)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function big32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data]);
  return joined([big32(data.length), body, big32(crc32(body))]);
}

const LONGEST_BLOCK = 0xffff;

/** A zlib stream of stored blocks. */
function stored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < bytes.length; at += LONGEST_BLOCK) {
    const piece = bytes.subarray(at, at + LONGEST_BLOCK);
    const { length } = piece;
    const last = at + length === bytes.length ? 1 : 0;
    parts.push(Uint8Array.of(last, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255), piece);
  }
  return joined([...parts, big32(adler32(bytes))]);
}
