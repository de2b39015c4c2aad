import { describe, expect, test } from 'vitest';
import { kernelsInterface } from '../signatures.ts';
import { builds, expectSameBits, load, random } from './support.ts';

describe('the typed interface', () => {
  const source = `/** Doubles. */
export function double(x: usize, n: i32): f32 {}
export const enum Kind {
  one,
  two,
}`;

  test('has the parameters and comments of the sources, and the operations as constants', () => {
    const text = kernelsInterface(new Map([['a.ts', source]]), ['double']);
    expect(text).toContain('  /** Doubles. */\n  double(x: Pointer, n: number): number;');
    expect(text).toContain('export const Kind = { one: 0, two: 1 } as const;');
  });

  test('refuses an export without a declaration, and a type no caller can pass', () => {
    expect(() => kernelsInterface(new Map([['a.ts', source]]), ['triple'])).toThrow('triple');
    const vector = 'export function wide(x: v128): void {}';
    expect(() => kernelsInterface(new Map([['a.ts', vector]]), ['wide'])).toThrow('v128');
  });
});

test.each(builds)('another instance over the same memory changes nothing above heapBase, %s', async (build) => {
  const room = await load(build, 1);
  const x = room.floats(random(100, 1));
  const before = room.readFloats(room.kernels.heapBase() & -4, 10_000);
  const other = await load(build, 1, room.memory);
  expectSameBits(room.readFloats(room.kernels.heapBase() & -4, 10_000), before);
  const [mine, theirs] = [room.space(100), room.space(100)];
  room.kernels.unary(8, x, mine, 100);
  other.kernels.unary(8, x, theirs, 100);
  expectSameBits(room.readFloats(theirs, 100), room.readFloats(mine, 100));
});

test('simd and relaxed agree but for rounding, local and shared memory to the bit', async () => {
  const x = random(1000, 1, 5);
  const results = [];
  for (const build of builds) {
    const { kernels, floats, space, readFloats } = await load(build, 1);
    const y = space(1000);
    kernels.softmax(floats(x), y, 10, 100);
    results.push(readFloats(y, 1000));
  }
  const [simd, simdShared, relaxed, relaxedShared] = results;
  expectSameBits(simdShared, simd);
  expectSameBits(relaxedShared, relaxed);
  for (let i = 0; i < 1000; i++) expect(Math.abs(relaxed[i] - simd[i])).toBeLessThanOrEqual(1e-6 * simd[i]);
});
