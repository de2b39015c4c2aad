import { FormatError } from '../../errors.ts';

/**
 * The encoding of Protocol Buffers (fields of varints, fixed numbers, and bytes with a length), as far as ONNX needs it.
 * Nothing is believed: a length must end within the message that contains it.
 */

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const HIGH = 2 ** 32;
const text = new TextDecoder();

/** Reads the fields of one message. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  /** Of the field that `next` found. */
  type = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The number of the next field; 0 at the end of the message. */
  next(): number {
    if (this.atEnd) return 0;
    const key = this.integer();
    if (!(key >= 8 && key < HIGH)) throw this.#damaged(`there is no field of key ${key}`);
    this.type = key % 8;
    return Math.floor(key / 8);
  }

  /** A varint as a signed number of 64 bits; beyond ±2⁵³ the nearest double. */
  integer(): number {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      this.#require(1);
      const byte = this.#bytes[this.#at++];
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) return (high | 0) * HIGH + (low >>> 0);
    }
    throw this.#damaged('a number has more than 10 bytes');
  }

  float(): number {
    this.#require(4);
    this.#at += 4;
    return this.#view.getFloat32(this.#at - 4, true);
  }

  double(): number {
    this.#require(8);
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  /** Bytes with their length before them: a view, not a copy. */
  bytes(): Uint8Array {
    const length = this.#length();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return text.decode(this.bytes());
  }

  /** A message or packed numbers within this one. */
  inner(): WireReader {
    const length = this.#length();
    this.#at += length;
    return new WireReader(this.#bytes, this.#at - length, this.#at);
  }

  skip(): void {
    if (this.type === wireTypes.varint) this.integer();
    else if (this.type === wireTypes.bytes) this.bytes();
    else if (this.type === wireTypes.fixed32) this.float();
    else if (this.type === wireTypes.fixed64) this.double();
    else throw this.#damaged(`there is no field of wire type ${this.type}`);
  }

  /** @throws FormatError unless the field found has this wire type */
  requireType(type: number): void {
    if (this.type !== type) throw this.#damaged(`a field has wire type ${this.type} in place of ${type}`);
  }

  #length(): number {
    const length = this.integer();
    if (length < 0) throw this.#damaged(`a length is ${length}`);
    this.#require(length);
    return length;
  }

  #require(bytes: number): void {
    if (bytes > this.#end - this.#at) {
      throw this.#damaged(`${bytes} more bytes are to follow, and there are ${this.#end - this.#at}`);
    }
  }

  #damaged(reason: string): FormatError {
    return new FormatError(`onnx: at byte ${this.#at} ${reason}; the file is cut off, altered or not an ONNX file`, {
      reason,
      position: this.#at,
    });
  }
}

/** Writes the fields of one message. */
export class WireWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** What was written, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(bytes: number): DataView {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length += bytes;
    return new DataView(this.#bytes.buffer, this.#length - bytes, bytes);
  }

  key(field: number, type: number): void {
    this.integer(field * 8 + type);
  }

  integer(value: number): void {
    let [low, high] = [value >>> 0, Math.floor(value / HIGH) >>> 0];
    for (;;) {
      const bits = low & 127;
      low = (low >>> 7) | ((high & 127) << 25);
      high >>>= 7;
      const more = low !== 0 || high !== 0;
      this.#room(1).setUint8(0, bits | (more ? 128 : 0));
      if (!more) return;
      low >>>= 0;
    }
  }

  float(value: number): void {
    this.#room(4).setFloat32(0, value, true);
  }

  double(value: number): void {
    this.#room(8).setFloat64(0, value, true);
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length - value.length);
  }
}
