import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../errors.ts';
import { crc32 } from './checksum.ts';
import { fromBfloat, fromHalf, toHalf } from './half.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsContent, type SafetensorsFile } from './safetensors.ts';

const content: SafetensorsContent = {
  tensors: {
    ids: { shape: [3], data: Int32Array.of(1, -2, 3) },
    'lstm.weight_ih_l0': { shape: [2, 2], data: Float32Array.of(1.5, -2, Number.POSITIVE_INFINITY, 0) },
    exact: { shape: [], data: Float64Array.of(Math.PI) },
    empty: { shape: [0, 4], data: new Float32Array() },
  },
  metadata: { format: 'test', text: 'ἀρχή "quoted"\n' },
};

test('what is written is read back', () => {
  expect(decodeSafetensors(encodeSafetensors(content))).toEqual({ ...content, verified: true });
});

test('a Node Buffer in the middle of a larger one is read like any bytes', () => {
  const file = encodeSafetensors(content);
  const larger = Buffer.concat([Buffer.from('xyz'), file, Buffer.from('more')]);
  expect(decodeSafetensors(larger.subarray(3, 3 + file.length)).tensors).toEqual(content.tensors);
});

describe('numbers of 16 bits', () => {
  const every = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);

  test('are read as they stand in the standard, all of them', () => {
    expect(fromHalf(every)).toEqual(Float32Array.from(new Float16Array(every.buffer)));
    const upper = new Float32Array(Uint32Array.from(every, (i) => i * 2 ** 16).buffer);
    expect(fromBfloat(every)).toEqual(upper);
  });

  test('are the nearest ones, ties to even', () => {
    const exact = [...fromHalf(every)].filter(Number.isFinite).sort((a, b) => a - b);
    const between = exact.flatMap((number, i, all) => [number, (number + (all[i + 1] ?? number)) / 2]);
    const near = between.flatMap((number) => [number, number * (1 + 2 ** -23), number * (1 - 2 ** -23)]);
    const numbers = Float32Array.from([...near, 0, -0, 1e-8, 2 ** -25, 2 ** -24, 65519, 65520, 1e30, NaN, -Infinity]);
    expect(new Float16Array(toHalf(numbers).buffer)).toEqual(Float16Array.from(numbers));
  });

  test('take half the room in a file, where there is room for the number', () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const tensors = { weights: { shape: [10, 100], data }, ids: { shape: [2], data: Int32Array.of(1, 70_000) } };
    const file = encodeSafetensors({ tensors, metadata: {} }, { half: true });
    const saved = encodeSafetensors({ tensors, metadata: {} }).length - file.length;
    expect(Math.abs(saved - 2000)).toBeLessThan(16); // the headers differ by a few bytes
    const read = decodeSafetensors(file);
    expect(read.verified).toBe(true);
    expect(read.tensors).toEqual({ ...tensors, weights: { shape: [10, 100], data: fromHalf(toHalf(data)) } });
    const large = { w: { shape: [2], data: Float32Array.of(1, -65_520) } };
    expect(() => encodeSafetensors({ tensors: large, metadata: {} }, { half: true })).toThrow("'w' holds -65520");
  });

  test('of other programs are read, too', () => {
    const header = {
      a: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      b: { dtype: 'BF16', shape: [1], data_offsets: [4, 6] },
    };
    const text = new TextEncoder().encode(JSON.stringify(header));
    const file = new Uint8Array(8 + text.length + 6);
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
    file.set(text, 8);
    file.set([0x00, 0x3c, 0x00, 0xc0, 0x49, 0x40], 8 + text.length);
    expect(decodeSafetensors(file).tensors).toEqual({
      a: { shape: [2], data: Float32Array.of(1, -2) },
      b: { shape: [1], data: Float32Array.of(3.140625) },
    });
  });
});

test('CRC-32 is that of zip and PNG', () => {
  expect(crc32(new TextEncoder().encode('1234'), new TextEncoder().encode('56789'))).toBe('cbf43926');
});

describe('a damaged file is a FormatError, never a wrong number', () => {
  const file = encodeSafetensors(content);

  test('cut off anywhere', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length))).toThrow(FormatError);
    }
  });

  test('any one byte altered', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const altered = file.slice();
        altered[place] ^= change;
        let read: SafetensorsFile | null = null;
        try {
          read = decodeSafetensors(altered);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        // Spaces around the header's JSON may change to others without harm; a changed name of the checksum leaves none.
        if (read?.verified) expect(read).toEqual({ ...content, verified: true });
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['another kind of file', new TextEncoder().encode('%PDF-1.7 and so on and so forth')],
    ['zeros', new Uint8Array(64)],
  ])('%s', (_, bytes) => {
    expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
  });
});
