import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, FormatError } from '../errors.ts';
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
  expect(decodeSafetensors(encodeSafetensors(content))).toEqual({ ...content, verified: true, unread: {} });
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
        if (read?.verified) expect(read).toEqual({ ...content, verified: true, unread: {} });
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

/** A file of this header and so many bytes of data. */
function fileOf(header: unknown, bytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const float = (start: number, end: number, shape = [(end - start) / 4]): object => ({
  dtype: 'F32',
  shape,
  data_offsets: [start, end],
});

describe('what the format forbids is refused when reading', () => {
  test.each<[string, unknown, number]>([
    ['1 bytes after the last tensor', { a: float(0, 4) }, 5],
    ['4 bytes after the last tensor', {}, 4],
    ["tensor 'b' begins at byte 8 of the data: 4 bytes before it", { a: float(0, 4), b: float(8, 12) }, 12],
    ["tensor 'a' begins at byte 4", { a: float(4, 8) }, 8],
    ["tensor 'b' begins at byte 4 of the data: it overlaps another", { a: float(0, 8), b: float(4, 8) }, 8],
    ["tensor 'b' begins at byte 0 of the data: it overlaps another", { a: float(0, 8), b: float(0, 8) }, 8],
    ["tensor 'a' ends at byte 8 of the data, which has 4", { a: float(0, 8) }, 4],
    ['__metadata__ must be an object of texts', { __metadata__: float(0, 4) }, 4],
    ['__metadata__ must be an object of texts', { __metadata__: { a: 1 } }, 0],
    ['__metadata__ must be an object of texts', { __metadata__: [] }, 0],
    ["tensor 'a' needs a dtype, a shape and two data_offsets, received null", { a: null }, 0],
    ["tensor 'a' needs", { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 4] } }, 4],
    ["tensor 'a' needs", { a: { dtype: 'F32', shape: [2 ** 53], data_offsets: [0, 4] } }, 4],
    ["tensor 'a' has 4 bytes for shape [2]", { a: float(0, 4, [2]) }, 4],
    [
      "tensor 'a' has 4 bytes for shape [1048576, 1048576, 1048576]",
      { a: float(0, 4, [2 ** 20, 2 ** 20, 2 ** 20]) },
      4,
    ],
    ["tensor 'a' has -4 bytes", { a: { dtype: 'F32', shape: [0], data_offsets: [4, 0] } }, 4],
    ["tensor 'a' has 4 bytes for shape [1] of 'I64'", { a: { dtype: 'I64', shape: [1], data_offsets: [0, 4] } }, 4],
    ['not an object', [], 0],
    ['not an object', null, 0],
    ['not JSON', '{"a"', 0],
  ])('%s', (message, header, bytes) => {
    expect(() => decodeSafetensors(fileOf(header, bytes))).toThrow(FormatError);
    expect(() => decodeSafetensors(fileOf(header, bytes))).toThrow(message);
  });

  test('in a message of bounded length', () => {
    const name = 'x'.repeat(100_000);
    for (const header of [{ [name]: null }, { [name]: float(4, 8) }, { [name]: float(0, 8, [7]) }]) {
      expect(() => decodeSafetensors(fileOf(header, 8))).toThrow(/^.{20,300}$/s);
    }
  });
});

test('tensors without elements may stand anywhere, and no metadata is none', () => {
  const header = { __metadata__: null, a: float(0, 0), b: float(0, 4), c: float(4, 4), d: float(4, 4, [3, 0]) };
  const { tensors, metadata } = decodeSafetensors(fileOf(header, 4));
  expect(Object.values(tensors).map(({ data }) => data.length)).toEqual([0, 1, 0, 0]);
  expect(metadata).toEqual({});
});

test('tensors of other types are listed, and the rest is read', () => {
  const header = {
    ids: { dtype: 'I64', shape: [2], data_offsets: [0, 16] },
    w: float(16, 24),
    mask: { dtype: 'U8', shape: [3], data_offsets: [24, 27] },
    new: { dtype: 'F128', shape: [5], data_offsets: [27, 28] },
  };
  const { tensors, unread } = decodeSafetensors(fileOf(header, 28));
  expect(tensors).toEqual({ w: { shape: [2], data: new Float32Array(2) } });
  expect(unread).toEqual({
    ids: { dtype: 'I64', shape: [2] },
    mask: { dtype: 'U8', shape: [3] },
    new: { dtype: 'F128', shape: [5] },
  });
});

test('names with a meaning in JavaScript are names like others', () => {
  const array = { shape: [1], data: Float32Array.of(7) };
  const tensors = Object.fromEntries(['__proto__', 'constructor', 'toString'].map((name) => [name, array]));
  expect(Object.entries(decodeSafetensors(encodeSafetensors({ tensors, metadata: {} })).tensors)).toEqual(
    Object.entries(tensors),
  );
});

test.each<[string, object, object]>([
  ['no tensor may be named __metadata__', { __metadata__: { shape: [1], data: Float32Array.of(1) } }, {}],
  ["tensor 'a' has 1 numbers for shape [2]", { a: { shape: [2], data: Float32Array.of(1) } }, {}],
  ["tensor 'a' has 1 numbers for shape [-1]", { a: { shape: [-1], data: Float32Array.of(1) } }, {}],
  ["tensor 'a' must be a Float32Array", { a: { shape: [1], data: Uint8Array.of(1) } }, {}],
  ["tensor 'a' must be a Float32Array", { a: { shape: [1], data: [1] } }, {}],
  ['metadata must be text', {}, { step: 4 }],
  ['metadata must not have the key crc32', {}, { crc32: '00000000' }],
])('what the format forbids is refused when writing: %s', (message, tensors, metadata) => {
  expect(() => encodeSafetensors({ tensors, metadata } as SafetensorsContent)).toThrow(message);
});

describe('the bytes of a file', () => {
  const file = encodeSafetensors(content);

  test('may be an ArrayBuffer or any view of one', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const bytes of [file.buffer, new DataView(file.buffer), shared, Buffer.from(file)]) {
      expect(decodeSafetensors(bytes as Uint8Array).tensors).toEqual(content.tensors);
    }
  });

  test.each<[string, unknown]>([
    ["received the text 'my.safetensors'; for a path pass readFileSync(path)", 'my.safetensors'],
    ['received a promise; await it', Promise.resolve(file)],
    ['received a Blob; pass await value.arrayBuffer()', new Blob([file])],
    ['received a Response; pass await value.arrayBuffer()', new Response(file)],
    ['received undefined', undefined],
    ['received [1, 2]', [1, 2]],
  ])('are asked for where something else is given: %s', (message, given) => {
    expect(() => decodeSafetensors(given as Uint8Array)).toThrow(ConfigError);
    expect(() => decodeSafetensors(given as Uint8Array)).toThrow(message);
  });
});
