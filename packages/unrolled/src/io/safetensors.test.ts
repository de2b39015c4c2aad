import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../errors.ts';
import { crc32 } from './checksum.ts';
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
