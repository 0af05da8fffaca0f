import { malformed } from './malformed';

/** One field of a protobuf message. `start`/`end` bound the payload of a length-delimited field in the bytes. */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: number;
  readonly start: number;
  readonly end: number;
}

const decoder = new TextDecoder('utf-8');

/**
 * Walks protobuf bytes without copying. Every read is checked against the end of the message it stands in, so a
 * length that lies cannot lead outside.
 */
export class WireReader {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Fields of the message in `[start, end)`, in file order. */
  *fields(start: number, end: number): Generator<Field> {
    let at = start;
    while (at < end) {
      const [tag, afterTag] = this.varint(at, end);
      const number = Math.floor(tag / 8);
      const wire = tag % 8;
      if (number < 1 || number > 0x1fffffff) throw malformed('field-number');
      let from = afterTag;
      if (wire === 0) at = this.varint(afterTag, end)[1];
      else if (wire === 1) at = afterTag + 8;
      else if (wire === 5) at = afterTag + 4;
      else if (wire === 2) {
        const [length, afterLength] = this.varint(afterTag, end);
        from = afterLength;
        at = afterLength + length;
        if (length < 0) throw malformed('negative-length');
      } else throw malformed('wire-type', { type: wire });
      if (at > end) throw malformed('past-end');
      yield { number, wire, start: from, end: at };
    }
  }

  /** A varint as a signed 64-bit number (exact up to 2⁵³) and the offset behind it. */
  varint(at: number, end: number): [number, number] {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (at >= end) throw malformed('cut-number');
      const byte = this.bytes[at++]!;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return [(high | 0) * 0x1_0000_0000 + (low >>> 0), at];
    }
    throw malformed('long-number');
  }

  integer(field: Field): number {
    if (field.wire !== 0) throw malformed('no-number');
    return this.varint(field.start, field.end)[0];
  }

  float(field: Field): number {
    if (field.wire !== 5) throw malformed('no-float');
    return this.view.getFloat32(field.start, true);
  }

  text(field: Field): string {
    return decoder.decode(this.slice(field));
  }

  /** A view of the payload; nothing is copied. */
  slice(field: Field): Uint8Array {
    if (field.wire !== 2) throw malformed('no-message');
    return this.bytes.subarray(field.start, field.end);
  }

  /** A repeated integer, packed or one by one. */
  integers(field: Field, into: number[]): void {
    if (field.wire === 0) {
      into.push(this.integer(field));
      return;
    }
    if (field.wire !== 2) throw malformed('no-numbers');
    let at = field.start;
    while (at < field.end) {
      const [value, next] = this.varint(at, field.end);
      into.push(value);
      at = next;
    }
  }

  /** A repeated float, packed or one by one. */
  floats(field: Field, into: number[]): void {
    if (field.wire === 5) {
      into.push(this.float(field));
      return;
    }
    if (field.wire !== 2 || (field.end - field.start) % 4 !== 0) throw malformed('float-list');
    for (let at = field.start; at < field.end; at += 4) into.push(this.view.getFloat32(at, true));
  }
}

const encoder = new TextEncoder();

/** Writes protobuf bytes into one growing buffer. */
export class WireWriter {
  private buffer = new Uint8Array(4096);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  private rawVarint(value: number): void {
    this.reserve(10);
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 0x7fn) {
        this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      this.buffer[this.length++] = Number(rest);
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  integer(field: number, value: number): this {
    this.rawVarint(field * 8);
    this.rawVarint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.rawVarint(field * 8 + 5);
    this.reserve(4);
    new DataView(this.buffer.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.rawVarint(field * 8 + 2);
    this.rawVarint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, write: (inner: WireWriter) => void): this {
    const inner = new WireWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}
