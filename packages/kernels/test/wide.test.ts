import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awkward, builds, expectSameBits, load, type Room, random } from './support.ts';

/** Numbers of eleven significant bits between 2^-24 and 2^7, and 0. */
function halves(count: number, seed: number): Float32Array {
  return random(count, seed).map((x, i) => {
    if (i % 11 === 0) return i % 2 ? 0 : -0;
    const exponent = (i * 7) % 31;
    return Math.sign(x) * (1 + Math.floor(Math.abs(x) * 1023) / 1024) * 2 ** (exponent - 24);
  });
}

describe.each(builds)('products with wide panels, of 32 and 16 bits, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const fits = (...numbers: readonly number[]): boolean => {
    room.reset();
    const values = Float32Array.from(numbers);
    return room.kernels.fitsHalf(room.floats(values), values.length) === 1;
  };

  test('which numbers fit', () => {
    expect(fits()).toBe(true);
    expect(fits(0, -0, 1, -1, 2 ** -24, -(2 ** -24), 127.9375, 1 + 1 / 1024, 1023 * 2 ** -24)).toBe(true);
    const others = [128, 127.96875, 2 ** -25, 1 + 1 / 2048, 0.1, 1e-40, Number.NaN, Number.POSITIVE_INFINITY];
    for (const other of others) {
      expect(fits(other), String(other)).toBe(false);
      for (let place = 0; place < 5; place++) {
        expect(fits(...Array.from({ length: 5 }, (_, i) => (i === place ? other : 1)))).toBe(false);
      }
    }
    // What lies beyond the numbers that are asked about does not matter.
    room.reset();
    expect(room.kernels.fitsHalf(room.floats([1, 2, 3, 0.1]), 3)).toBe(1);
  });

  const products = (m: number, n: number, k: number, a: Float32Array, transposed: boolean, accumulate: boolean) => {
    room.reset();
    const { kernels, floats, space, readFloats } = room;
    const right = floats(halves(k * n, 2));
    const ld = transposed ? k : n;
    const left = floats(a);
    const [one, wide, half] = Array.from({ length: 3 }, () => floats(random(m * n, 3)));
    const [packed, packedWide] = [space(kernels.packedSize(k, n, 8)), space(kernels.packedSize(k, n, 32))];
    const packedHalf = space(kernels.packedSize(k, n, 32) / 2);
    kernels.packRight(right, ld, Number(transposed), k, n, 8, packed);
    const scratch = space(kernels.wideScratchSize(k));
    const guard = floats([12345]);
    kernels.gemm(left, k, 0, packed, one, n, m, n, k, Number(accumulate), 0);
    kernels.packRight(right, ld, Number(transposed), k, n, 32, packedWide);
    kernels.gemmWide(left, k, packedWide, wide, n, m, n, k, Number(accumulate), scratch);
    kernels.packHalf(right, ld, Number(transposed), k, n, space(8 * k), packedHalf);
    kernels.gemmHalf(left, k, packedHalf, half, n, m, n, k, Number(accumulate), scratch);
    expect(readFloats(guard, 1)[0]).toBe(12345);
    expectSameBits(readFloats(wide, m * n), readFloats(one, m * n));
    expectSameBits(readFloats(half, m * n), readFloats(one, m * n));
  };

  test('have the bits of products with narrow panels', () => {
    for (const m of [1, 2, 4, 6]) {
      for (const n of [...awkward, 40]) {
        for (const k of [...awkward, 515]) products(m, n, k, random(m * k, 1), n % 2 === 1, k % 2 === 1);
      }
    }
    products(403, 21, 530, random(403 * 530, 1), true, false);
  });

  test('also with left sides that are very large, very small, infinite or not a number', () => {
    for (const odd of [3e38, 2 ** 26, -(2 ** 25), 1e-40, Number.POSITIVE_INFINITY, Number.NaN]) {
      const a = random(20, 1);
      a[13] = odd;
      products(1, 35, 20, a, true, false);
      products(2, 35, 10, a, true, false);
    }
  });
});
