import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../errors.ts';
import { decodeIdx, type IdxArray } from './idx.ts';

/** Writes an IDX file from its definition. */
function encode(type: number, shape: readonly number[], numbers: readonly number[]): Uint8Array {
  const bytes = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 }[type]!;
  const view = new DataView(new ArrayBuffer(4 + 4 * shape.length + bytes * numbers.length));
  view.setUint8(2, type);
  view.setUint8(3, shape.length);
  shape.forEach((extent, axis) => {
    view.setUint32(4 + 4 * axis, extent);
  });
  numbers.forEach((number, i) => {
    const at = 4 + 4 * shape.length + bytes * i;
    if (type === 8) view.setUint8(at, number);
    if (type === 9) view.setInt8(at, number);
    if (type === 11) view.setInt16(at, number);
    if (type === 12) view.setInt32(at, number);
    if (type === 13) view.setFloat32(at, number);
    if (type === 14) view.setFloat64(at, number);
  });
  return new Uint8Array(view.buffer);
}

const kinds: readonly [type: number, data: new (n: number) => IdxArray['data'], numbers: fc.Arbitrary<number>][] = [
  [8, Uint8Array, fc.integer({ min: 0, max: 255 })],
  [9, Int8Array, fc.integer({ min: -128, max: 127 })],
  [11, Int16Array, fc.integer({ min: -32768, max: 32767 })],
  [12, Int32Array, fc.integer()],
  [13, Float32Array, fc.float({ noNaN: true })],
  [14, Float64Array, fc.double({ noNaN: true })],
];

/** An array of the kind with a shape of 0 to 3 axes. */
const arrays = (numbers: fc.Arbitrary<number>) =>
  fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }).chain((shape) => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return fc.tuple(fc.constant(shape), fc.array(numbers, { minLength: length, maxLength: length }));
  });

describe('an IDX file', () => {
  test.each(kinds)('of type %i gives shape and numbers back', (type, Data, numbers) => {
    fc.assert(
      fc.property(arrays(numbers), ([shape, values]) => {
        const { shape: read, data } = decodeIdx(encode(type, shape, values));
        expect(read).toEqual(shape);
        expect(data).toBeInstanceOf(Data);
        expect(Array.from(data)).toEqual(values);
      }),
    );
  });

  test('is read from the middle of a larger buffer', () => {
    const file = encode(12, [2], [7, -8]);
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    expect([...decodeIdx(larger.subarray(3)).data]).toEqual([7, -8]);
  });

  test('truncated anywhere is refused', () => {
    const file = encode(8, [2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeIdx(file.subarray(0, length)), String(length)).toThrow(FormatError);
    }
    expect(() => decodeIdx(file.subarray(0, 17))).toThrow(
      'shape [2, 3] needs 18 bytes, the file has 17; it was cut off',
    );
    expect(() => decodeIdx(file.subarray(0, 9))).toThrow('ends within its header of 12');
  });

  test.each<[string, Uint8Array, string]>([
    ['with another count than its axes say', encode(8, [2, 4], [1, 2, 3]), 'needs 20 bytes, the file has 15'],
    ['with more than its axes say', encode(8, [2], [1, 2, 3]), 'needs 10 bytes, the file has 11; it was altered'],
    ['with a count beyond all memory', encode(14, [2 ** 32 - 1, 2 ** 32 - 1, 9], []), 'cut off'],
    ['of another kind', new TextEncoder().encode('PNG picture'), "begins with '50 4e 47 20'"],
    ['of a type that there is not', Uint8Array.of(0, 0, 10, 1, 0, 0, 0, 0), "begins with '00 00 0a 01'"],
    ['that is compressed', Uint8Array.of(0x1f, 0x8b, 8, 0), 'unpack it first'],
  ])('%s is refused', (_, file, message) => {
    expect(() => decodeIdx(file)).toThrow(FormatError);
    expect(() => decodeIdx(file)).toThrow(message);
  });
});
