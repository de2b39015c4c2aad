import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awkward, builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

interface Product {
  m: number;
  n: number;
  k: number;
  transposedA?: boolean;
  transposedB?: boolean;
  /** Spare floats after each row of A, B and C. */
  gap?: number;
  accumulate?: boolean;
}

/** a and b are logical [m, k] and [k, n]; stored as the product says. */
function multiply(room: Room, product: Product, a: Float32Array, b: Float32Array, before: Float32Array): Float32Array {
  const { m, n, k, transposedA = false, transposedB = false, gap = 0, accumulate = false } = product;
  const { kernels, floats, space, readFloats } = room;
  const store = (x: Float32Array, rows: number, columns: number, transposed: boolean) => {
    const width = (transposed ? rows : columns) + gap;
    const stored = new Float32Array((transposed ? columns : rows) * width).fill(Number.NaN);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) stored[transposed ? j * width + i : i * width + j] = x[i * columns + j];
    }
    return { pointer: floats(stored), width };
  };
  const left = store(a, m, k, transposedA);
  const right = store(b, k, n, transposedB);
  const result = store(before, m, n, false);
  const packed = space(kernels.packedSize(k, n, 8));
  const scratch = space(kernels.gemmScratchSize(Number(transposedA), m, n, k));
  const guard = floats([12345]);
  kernels.packRight(right.pointer, right.width, Number(transposedB), k, n, 8, packed);
  kernels.gemm(
    left.pointer, left.width, Number(transposedA), packed,
    result.pointer, result.width, m, n, k, Number(accumulate), scratch,
  ); // biome-ignore format: grouped as A, C, sizes
  expect(readFloats(guard, 1)[0]).toBe(12345);
  const c = readFloats(result.pointer, m * result.width);
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    out.set(c.subarray(i * result.width, i * result.width + n), i * n);
    for (let j = n; j < result.width; j++) expect(c[i * result.width + j]).toBeNaN();
  }
  return out;
}

function expected({ m, n, k, accumulate }: Product, a: Float32Array, b: Float32Array, before: Float32Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? before[i * n + j] : 0;
      for (let kk = 0; kk < k; kk++) sum += a[i * k + kk] * b[kk * n + j];
      out.push(sum);
    }
  }
  return out;
}

describe.each(builds)('matrix product, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const check = (product: Product) => {
    room.reset();
    const { m, n, k } = product;
    const [a, b, before] = [random(m * k, 1), random(k * n, 2), random(m * n, 3)];
    expectClose(multiply(room, product, a, b, before), expected(product, a, b, before), 1e-6 * Math.sqrt(k + 1) + 1e-7);
  };

  test.each(awkward)('is right for m = %i and every n, k', (m) => {
    for (const n of awkward) for (const k of awkward) check({ m, n, k });
  });

  test('is right for transposed sides, gaps between rows and accumulation', () => {
    for (const transposedA of [false, true]) {
      for (const transposedB of [false, true]) {
        for (const accumulate of [false, true]) {
          for (const [m, n, k] of [
            [1, 1, 1],
            [5, 8, 4],
            [7, 13, 9],
            [17, 65, 300],
            [403, 9, 257],
            [6, 77, 30],
            [3, 33, 1025],
            [64, 64, 0],
          ]) {
            check({ m, n, k, transposedA, transposedB, accumulate, gap: 3 });
          }
        }
      }
    }
  });

  test('a row has the same bits whatever it is batched with', () => {
    for (const [m, n, k] of [
      [12, 37, 300],
      [9, 64, 128],
      [403, 10, 1030],
    ]) {
      const [a, b, none] = [random(m * k, 4), random(k * n, 5), new Float32Array(m * n)];
      for (const transposedA of [false, true]) {
        room.reset();
        const together = multiply(room, { m, n, k, transposedA }, a, b, none);
        for (let i = 0; i < m; i++) {
          room.reset();
          const alone = multiply(room, { m: 1, n, k }, a.slice(i * k, (i + 1) * k), b, none);
          expectSameBits(alone, together.slice(i * n, (i + 1) * n));
        }
      }
    }
  });

  test('any split of rows and any split of columns gives the same bits', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 1100 }), fc.nat(), fc.nat(), (m, n, k, cutM, cutN) => {
        room.reset();
        const [a, b] = [random(m * k, cutM), random(k * n, cutN)];
        const whole = multiply(room, { m, n, k }, a, b, new Float32Array(m * n));
        const split = room.space(m * n);
        const { kernels } = room;
        const left = room.floats(a);
        const right = room.floats(b);
        const packed = room.space(kernels.packedSize(k, n, 8));
        kernels.packRight(right, n, 0, k, n, 8, packed);
        const top = cutM % (m + 1);
        // A packed right side may be cut at multiples of eight columns.
        const start = (cutN % Math.ceil(n / 8)) * 8;
        for (const [i, rows] of [
          [0, top],
          [top, m - top],
        ]) {
          for (const [j, columns] of [
            [0, start],
            [start, n - start],
          ]) {
            const part = split + (i * n + j) * 4;
            kernels.gemm(left + i * k * 4, k, 0, packed + j * k * 4, part, n, rows, columns, k, 0, 0);
          }
        }
        expectSameBits(room.readFloats(split, m * n), whole);
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(builds)('%s: gemmFewRows', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  test('gives the same bits as gemm with W packed, for all sizes', () => {
    const size = fc.oneof(
      fc.constantFrom(...awkward),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 500, max: 530 }),
    );
    const rows = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(rows, size, size, fc.boolean(), fc.nat(5), fc.integer(), (m, n, k, accumulate, gap, seed) => {
        room.reset();
        const { kernels, floats, space, readFloats } = room;
        const [a, w, before] = [random(m * (k + gap), seed), random(n * (k + gap), seed + 1), random(m * n, seed + 2)];
        const [left, right] = [floats(a), floats(w)];
        const [packedResult, result] = [floats(before), floats(before)];
        const packed = space(kernels.packedSize(k, n, 8));
        kernels.packRight(right, k + gap, 1, k, n, 8, packed);
        kernels.gemm(left, k + gap, 0, packed, packedResult, n, m, n, k, Number(accumulate), 0);
        const guard = floats([12345]);
        kernels.gemmFewRows(left, k + gap, right, k + gap, result, n, m, n, k, Number(accumulate));
        expectSameBits(readFloats(result, m * n), readFloats(packedResult, m * n));
        expect(readFloats(guard, 1)[0]).toBe(12345);
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});
