import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../errors.ts';
import { crc32 } from '../checksum.ts';
import { decodePytorch, isPytorch, stateDictOf } from './decode.ts';
import { encodePytorch } from './encode.ts';

const golden = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../../../test/golden/pytorch${name}.pt`, import.meta.url));

const eighths = (...of: number[]): number[] => of.map((one) => one / 8);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** What test/golden/pytorch.py saved. */
const state = {
  weight: { shape: [3, 4], data: Float32Array.from(eighths(...upTo(12))) },
  tied: { shape: [3, 4], data: Float32Array.from(eighths(...upTo(12))) },
  transposed: { shape: [4, 3], data: Float32Array.from(eighths(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11)) },
  part: { shape: [2, 2], data: Float32Array.from(eighths(4, 6, 8, 10)) },
  repeated: { shape: [3, 2], data: Float32Array.from(eighths(0, 0, 1, 1, 2, 2)) },
  double: { shape: [2, 2], data: Float64Array.from(eighths(...upTo(4))) },
  half: { shape: [5], data: Float32Array.from(eighths(...upTo(5))) },
  bfloat: { shape: [5], data: Float32Array.from(eighths(...upTo(5))) },
  long: { shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  large: { shape: [2], data: Float64Array.of(2 ** 40, -1) },
  int: { shape: [2], data: Int32Array.of(-7, 7) },
  short: { shape: [2], data: Int32Array.of(-7, 7) },
  char: { shape: [2], data: Int32Array.of(-7, 7) },
  byte: { shape: [2], data: Int32Array.of(7, 255) },
  bool: { shape: [2], data: Int32Array.of(1, 0) },
  scalar: { shape: [], data: Float32Array.of(0.125) },
  empty: { shape: [0, 3], data: new Float32Array() },
};

describe.each(['.zip', '.legacy'])("PyTorch's file%s", (form) => {
  const file = golden(form);

  test('is read with every type, view and value', () => {
    const read = decodePytorch(file);
    expect(stateDictOf(read)).toEqual(state);
    expect(read.dicts).toEqual(['model_state_dict', 'optimizer_state_dict.state.0']);
    expect(read.tensors['optimizer_state_dict.state.0.exp_avg'].shape).toEqual([3, 4]);
    expect(read.values).toMatchObject({
      epoch: 3,
      name: 'naïve',
      best: null,
      seed: String(2n ** 70n),
      'optimizer_state_dict.param_groups.0.betas.1': 0.999,
    });
  });

  test('wherever it is cut off: an error that says so', () => {
    for (let length = 0; length < file.length; length += 37) {
      expect(() => decodePytorch(file.subarray(0, length)), String(length)).toThrow(FormatError);
    }
  });

  test('with altered bytes is read, or is an error of ours, at once', () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const altered = Uint8Array.from(file);
        for (const [place, byte] of changes) altered[place] = byte;
        const start = performance.now();
        try {
          const { tensors } = decodePytorch(altered);
          const bytes = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
          expect(bytes).toBeLessThanOrEqual(16 * file.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        expect(performance.now() - start).toBeLessThan(1000);
      },
    );
    fc.assert(property, { numRuns: Number(process.env.MUTATIONS ?? 1500) });
  });
});

test('a whole module is refused by the name of its class', () => {
  expect(() => decodePytorch(golden('-module'))).toThrow(
    "the file uses 'torch.nn.modules.linear.Linear', which is code; only tensors and plain values are read. Save model.state_dict()",
  );
});

test('what is written is read back, and the same tensors give the same bytes', () => {
  const file = encodePytorch(state);
  expect(isPytorch(file)).toBe(true);
  expect(stateDictOf(decodePytorch(file))).toEqual(state);
  expect(encodePytorch(state)).toEqual(file);
  expect(() => encodePytorch({ a: { shape: [2], data: Float32Array.of(1) } })).toThrow(
    "'a' has 1 numbers for shape [2]",
  );
});

test("the prefix of PyTorch's DataParallel is left out", () => {
  const read = decodePytorch(encodePytorch({ 'module.a': state.int, 'module.b': state.scalar }));
  expect(stateDictOf(read)).toEqual({ a: state.int, b: state.scalar });
});

/** A pickle of the old form, with this for the object; numbers of storages follow. */
function pickled(object: string): Uint8Array {
  const magic = '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.';
  return Uint8Array.from(`${magic}\x80\x02${object}.\x80\x02].`, (character) => character.charCodeAt(0));
}

describe('pickles that mean harm', () => {
  test.each([
    ['cos\nsystem\nX\x02\x00\x00\x00ls\x85R', 'os.system'],
    ['cbuiltins\neval\n(X\x01\x00\x00\x00xtR', 'builtins.eval'],
    ['X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93)R', 'os.system'],
    ['c__builtin__\nobject\n)\x81', '__builtin__.object'],
    ['cconstructor\nconstructor\n)R', 'constructor.constructor'],
  ])('that call are refused by name: %j', (object, name) => {
    expect(() => decodePytorch(pickled(object))).toThrow(`the file uses '${name}', which is code`);
  });

  test.each([
    ['a list that contains itself', ']q\x00h\x00a'],
    ['lists that double', `]q\x00${Array.from({ length: 60 }, () => '0](h\x00h\x00eq\x00').join('')}`],
    ['a stack without end', '('.repeat(2_000_000)],
    ['instance instructions', '(ios\nsystem\n'],
    ['attributes of what is no dict', 'K\x01}b'],
    ['a persistent id that is none', 'X\x01\x00\x00\x00aQ'],
    ['a number of 2 GB', '\x8b\xff\xff\xff\x7f'],
    ['a memo that is empty', 'h\x07'],
    ['no value', ''],
  ])('%s', (_, object) => {
    expect(() => decodePytorch(pickled(object))).toThrow(FormatError);
  });

  test('keys of a dict do not become prototypes', () => {
    const { values } = decodePytorch(pickled('}X\x09\x00\x00\x00__proto__K\x01s'));
    expect(Object.entries(values)).toEqual([['__proto__', 1]]);
  });
});

describe('zip archives', () => {
  /** One file, deflated, with these sizes in its directory. */
  function archive(content: Uint8Array, { size = content.length, flags = 0, method = 8 } = {}): Uint8Array {
    const packed = deflateRawSync(content);
    const name = Buffer.from('archive/data.pkl');
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(Number.parseInt(crc32(content), 16), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(1, 10);
    end.writeUInt32LE(local.length + name.length + packed.length, 16);
    return Buffer.concat([local, name, packed, entry, name, end]);
  }
  const pickle = Uint8Array.from('\x80\x02}X\x01\x00\x00\x00aK\x01s.', (character) => character.charCodeAt(0));

  test('may be deflated', () => {
    expect(decodePytorch(archive(pickle)).values).toEqual({ a: 1 });
  });

  test.each([
    ['that claim more than deflate can give', archive(pickle, { size: 1e9 }), 'claims 1000000000 bytes'],
    ['that hold less than they claim', archive(pickle, { size: 100 }), 'checksum'],
    ['that are encrypted', archive(pickle, { flags: 1 }), 'encrypted'],
    ['packed by another method', archive(pickle, { method: 12 }), 'method 12'],
    ['of something else', encodePytorchLike('other/file'), 'no data.pkl'],
  ])('%s are refused', (_, file, message) => {
    expect(() => decodePytorch(file)).toThrow(message);
  });
});

function encodePytorchLike(name: string): Uint8Array {
  const text = Buffer.from(encodePytorch({})).toString('latin1');
  return Buffer.from(text.replaceAll('archive/data.pkl', name.padEnd(16, 'x')), 'latin1');
}
