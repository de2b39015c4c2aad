import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstInvalidUtf8 } from '../src/input/utf8.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = fc.string({ unit: 'binary' });

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The longest beginning that is text: what follows it is the first thing wrong. */
function oracle(bytes: Uint8Array): number {
  if (decodes(bytes)) return -1;
  for (let end = bytes.length; ; end--) if (decodes(bytes.subarray(0, end))) return end;
}

describe('firstInvalidUtf8', () => {
  test('all text is valid', () => {
    fc.assert(fc.property(text, (value) => firstInvalidUtf8(encode(value)) === -1));
  });

  test('one altered byte is found at the end of the longest valid prefix', () => {
    const altered = fc.tuple(text, fc.nat(), fc.nat(255)).map(([value, place, byte]) => {
      const bytes = encode(`${value}.`);
      bytes[place % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(altered, (bytes) => firstInvalidUtf8(bytes) === oracle(bytes)),
      { numRuns: 2000 },
    );
  });

  test('any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(bytes, (value) => firstInvalidUtf8(value) === oracle(value)),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a sequence cut off at the end', [0x61, 0xe2, 0x82], 1],
    ['a sequence cut off by another character', [0xe2, 0x82, 0x61], 0],
    ['a four-byte sequence cut off', [0x61, 0x62, 0xf0, 0x9f, 0x98], 2],
    ['a continuation without a beginning', [0x61, 0x80], 1],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['an overlong three-byte form', [0x61, 0xe0, 0x80, 0xaf], 1],
    ['an overlong four-byte form', [0xf0, 0x80, 0x80, 0xaf], 0],
    ['a surrogate', [0x61, 0x62, 0xed, 0xa0, 0x80], 2],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a byte that never occurs', [0x61, 0xff], 1],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x0a], 3],
  ])('%s', (_, bytes, offset) => {
    expect(firstInvalidUtf8(Uint8Array.from(bytes))).toBe(offset);
    expect(oracle(Uint8Array.from(bytes))).toBe(offset);
  });
});
