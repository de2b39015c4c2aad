import { FormatError } from '../errors.ts';

/** An array of an IDX file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** How each type of number is stored, big-endian. */
const types: Readonly<
  Record<number, { bytes: number; make(n: number): IdxArray['data']; read(view: DataView, at: number): number }>
> = {
  8: { bytes: 1, make: (n) => new Uint8Array(n), read: (view, at) => view.getUint8(at) },
  9: { bytes: 1, make: (n) => new Int8Array(n), read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, make: (n) => new Int16Array(n), read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, make: (n) => new Int32Array(n), read: (view, at) => view.getInt32(at) },
  13: { bytes: 4, make: (n) => new Float32Array(n), read: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, make: (n) => new Float64Array(n), read: (view, at) => view.getFloat64(at) },
};

/**
 * Reads an IDX file, as handwritten digits come in (LeCun, Cortes & Burges 1998): two zero bytes, the type of its numbers,
 * how many axes, the extent of each, and the numbers, big-endian. A compressed file is to be unpacked before.
 *
 * @throws FormatError if it is no IDX file, is cut off, or holds more than its axes say
 */
export function decodeIdx(file: Uint8Array): IdxArray {
  if (file.length >= 2 && file[0] === 0x1f && file[1] === 0x8b) {
    throw new FormatError('idx: the file is compressed with gzip; unpack it first');
  }
  const type = file.length >= 4 && file[0] === 0 && file[1] === 0 ? types[file[2]] : undefined;
  if (type === undefined) {
    const start = Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new FormatError(
      `idx: the file begins with '${start}' and is no IDX file; one begins with 00 00, a type from 08 to 0e and its axes`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = 4 + 4 * file[3];
  if (file.length < start) {
    throw new FormatError(
      `idx: the file has ${file.length} bytes and ends within its header of ${start}; it was cut off`,
    );
  }
  const shape = Array.from({ length: file[3] }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, extent) => product * extent, 1);
  const expected = start + count * type.bytes;
  if (file.length !== expected) {
    throw new FormatError(
      `idx: shape [${shape.join(', ')}] needs ${expected} bytes, the file has ${file.length}; ` +
        (file.length < expected ? 'it was cut off' : 'it was altered'),
      { shape, expected, received: file.length },
    );
  }
  const data = type.make(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, data };
}
