import type { TypedArray } from '../../backend/backend.ts';
import { fromHalf } from '../half.ts';
import { damaged, decodeText, type Source, unread } from './source.ts';

/** What the elements of a data set or an attribute are. */
export type Datatype =
  | { readonly kind: 'float'; readonly size: 2 | 4 | 8 }
  | { readonly kind: 'int'; readonly size: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly kind: 'text'; readonly size: number }
  /** Text of any length, in the global heap. */
  | { readonly kind: 'texts'; readonly size: number }
  | { readonly kind: 'other'; readonly size: number; readonly name: string };

const classes = ['', '', 'a time', '', 'a bit field', 'opaque bytes', 'a compound', 'a reference', '', '', 'an array'];

/** Reads a datatype message. */
export function readDatatype(source: Source, at: number): Datatype {
  const head = source.uint(at, 1);
  const bits = source.uint(at + 1, 3);
  const size = source.uint(at + 4, 4);
  const kind = head & 15;
  switch (kind) {
    case 0: {
      if (bits & 1) throw unread('a number in big-endian order');
      if (size !== 1 && size !== 2 && size !== 4 && size !== 8) throw damaged(`a whole number has ${size} bytes`);
      return { kind: 'int', size, signed: (bits & 8) !== 0 };
    }
    case 1: {
      if (bits & 0x41) throw unread('a number in big-endian order');
      if (size !== 2 && size !== 4 && size !== 8) throw unread(`a number of ${size} bytes`);
      const exponent = source.uint(at + 8 + 5, 1);
      const expected = { 2: 5, 4: 8, 8: 11 }[size];
      if (exponent !== expected) throw unread(`a number of ${size} bytes with ${exponent} bits of exponent`);
      return { kind: 'float', size };
    }
    case 3:
      if (size === 0) throw damaged('a text has no bytes');
      return { kind: 'text', size };
    case 8: {
      // h5py writes booleans as an enumeration of whole numbers.
      const base = readDatatype(source, at + 8);
      if (base.kind !== 'int' || base.size !== size) return { kind: 'other', size, name: 'an enumeration' };
      return base;
    }
    case 9:
      if ((bits & 15) === 1 && size === 8 + source.addressSize) return { kind: 'texts', size };
      return { kind: 'other', size, name: 'a list of any length' };
    default:
      return { kind: 'other', size, name: classes[kind] || `a datatype of class ${kind}` };
  }
}

/** Numbers of a type, little-endian; 64-bit and unsigned whole numbers as float64 where they need it. */
export function numbersOf(bytes: Uint8Array, type: Datatype): TypedArray {
  // Not `slice`, which is a view for a Buffer of Node.
  const copy = new Uint8Array(bytes);
  const { buffer } = copy;
  if (type.kind === 'float') {
    if (type.size === 4) return new Float32Array(buffer);
    return type.size === 8 ? new Float64Array(buffer) : fromHalf(new Uint16Array(buffer));
  }
  if (type.kind !== 'int') throw unread(`${type.kind === 'other' ? type.name : 'a text'} in place of numbers`);
  const { size, signed } = type;
  if (size === 1) return Int32Array.from(signed ? new Int8Array(buffer) : copy);
  if (size === 2) return Int32Array.from(signed ? new Int16Array(buffer) : new Uint16Array(buffer));
  if (size === 4 && signed) return new Int32Array(buffer);
  const wide = Float64Array.from(
    size === 4
      ? new Uint32Array(buffer)
      : Array.from(signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer), Number),
  );
  return wide.every((value) => value === (value | 0)) ? Int32Array.from(wide) : wide;
}

/** Texts of a type: each of `size` bytes, or a place in the global heap. */
export function textsOf(source: Source, bytes: Uint8Array, type: Datatype, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = new Uint8Array(8);
  return Array.from({ length: count }, (_, i) => {
    source.spend(1);
    const item = bytes.subarray(i * type.size, (i + 1) * type.size);
    if (type.kind !== 'texts') return decodeText(item);
    const length = view.getUint32(i * type.size, true);
    place.set(item.subarray(4, 4 + source.addressSize));
    const at = Number(new DataView(place.buffer).getBigUint64(0, true)) + source.base;
    const index = view.getUint32(i * type.size + 4 + source.addressSize, true);
    return length === 0 ? '' : decodeText(fromGlobalHeap(source, at, index).subarray(0, length));
  });
}

function fromGlobalHeap(source: Source, at: number, index: number): Uint8Array {
  source.expect(at, 'GCOL');
  const end = at + source.length(at + 8);
  let place = at + 8 + source.lengthSize;
  while (place + 8 + source.lengthSize <= end) {
    source.spend(1);
    const found = source.uint(place, 2);
    const size = source.length(place + 8);
    if (found === index) {
      source.spend(size);
      return source.slice(place + 8 + source.lengthSize, size);
    }
    if (found === 0) break;
    place += 8 + source.lengthSize + Math.ceil(size / 8) * 8;
  }
  throw damaged(`text ${index} is not in its heap`);
}
