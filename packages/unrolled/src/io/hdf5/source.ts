import { FormatError } from '../../errors.ts';

/** @throws FormatError that the file is damaged */
export const damaged = (what: string, details: Record<string, unknown> = {}): FormatError =>
  new FormatError(`hdf5: ${what}; the file is cut off or damaged`, details);

/** What the format has besides what is read here. */
export const unread = (what: string): FormatError =>
  new FormatError(`hdf5: ${what} is not read; save the file with h5py's defaults`);

/** Steps that reading a file may take for each of its bytes, and at least; files that mean harm repeat themselves. */
const stepsPerByte = 4;
const leastSteps = 100_000;

/**
 * Bytes that compressed data sets, and those that were never written, may have for each of the file's, and at least. Their
 * chunks count twice.
 */
const roomPerByte = 256;
const leastRoom = 2 ** 26;

/** The bytes of a file, read at any place; every read is bounded. */
export class Source {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Bytes of an address and of a length, from the superblock. */
  addressSize = 8;
  lengthSize = 8;
  /** Where addresses count from. */
  base = 0;
  #steps: number;
  #room: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#steps = Math.max(leastSteps, bytes.length * stepsPerByte);
    this.#room = Math.max(leastRoom, bytes.length * roomPerByte);
  }

  /** Counts work. @throws FormatError if a file asks for more than one of its size can need */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw damaged('its parts refer to each other without end');
  }

  /** Counts bytes that are made of fewer in the file. @throws FormatError if all of them together are out of proportion */
  claim(length: number): void {
    this.#room -= length;
    if (!(this.#room >= 0)) throw damaged(`a data set claims ${length} bytes in a file of ${this.bytes.length}`);
  }

  /** @throws FormatError unless these bytes are in the file */
  require(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.bytes.length) return;
    throw damaged(`it refers to ${length} bytes at ${at}, and has ${this.bytes.length}`, { at, length });
  }

  slice(at: number, length: number): Uint8Array {
    this.require(at, length);
    return this.bytes.subarray(at, at + length);
  }

  uint(at: number, size: number): number {
    this.require(at, size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.bytes[at + i];
    return value;
  }

  /** A length. */
  length(at: number): number {
    return this.uint(at, this.lengthSize);
  }

  /** An address in the file, or −1 where there is none: all bits set. */
  address(at: number): number {
    const bytes = this.slice(at, this.addressSize);
    return bytes.every((byte) => byte === 0xff) ? -1 : this.uint(at, this.addressSize) + this.base;
  }

  /** Whether these letters stand at a place. */
  has(at: number, letters: string): boolean {
    return at >= 0 && [...letters].every((letter, i) => this.bytes[at + i] === letter.charCodeAt(0));
  }

  /** @throws FormatError unless these letters stand at a place */
  expect(at: number, letters: string): void {
    if (!this.has(at, letters)) throw damaged(`${letters} is missing at ${at}`, { at });
  }

  /** Text up to a zero byte, at most `most` bytes. */
  textAt(at: number, most: number): string {
    this.require(at, 0);
    const end = this.bytes.subarray(at, Math.min(at + most, this.bytes.length)).indexOf(0);
    return decodeText(this.slice(at, end < 0 ? Math.min(most, this.bytes.length - at) : end));
  }
}

const decoder = new TextDecoder();
/** UTF-8 without the zeros that pad it. */
export function decodeText(bytes: Uint8Array): string {
  let end = bytes.indexOf(0);
  if (end < 0) end = bytes.length;
  return decoder.decode(bytes.subarray(0, end));
}
