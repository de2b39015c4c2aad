import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Reduction } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { awkward, builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

const functions: Record<keyof typeof Reduction, (values: number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  min: (values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
};
const names = Object.keys(functions) as (keyof typeof Reduction)[];

describe.each(builds)('reductions, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  /** The values along the reduced axis for each (o, i). */
  const columns = (x: ArrayLike<number>, outer: number, n: number, inner: number) =>
    Array.from({ length: outer * inner }, (_, at) => {
      const [o, i] = [Math.floor(at / inner), at % inner];
      return Array.from({ length: n }, (_, j) => x[(o * n + j) * inner + i]);
    });

  const reduce = (name: keyof typeof Reduction, x: ArrayLike<number>, outer: number, n: number, inner: number) => {
    room.reset();
    const out = room.space(outer * inner);
    const guard = room.floats([99]);
    room.kernels.reduce(Reduction[name], room.floats(x), out, outer, n, inner);
    expect(room.readFloats(guard, 1)[0]).toBe(99);
    return room.readFloats(out, outer * inner);
  };

  test.each(names)('%s along any axis', (name) => {
    for (const outer of [1, 3]) {
      for (const n of [...awkward, 1030]) {
        for (const inner of [1, 2, 4, 17, 35]) {
          const x = random(outer * n * inner, n + inner);
          // A sum's error is relative to Σ|x|, about n / 2.
          expectClose(
            reduce(name, x, outer, n, inner),
            columns(x, outer, n, inner).map(functions[name]),
            1e-6 + n * 3e-8,
          );
        }
      }
    }
  });

  test('max and min are NaN where an element is', () => {
    for (const name of ['max', 'min'] as const) {
      for (const n of [1, 4, 5, 18]) {
        for (let at = 0; at < n; at++) {
          const x = random(n, 1);
          x[at] = Number.NaN;
          expect([...reduce(name, x, 1, n, 1)]).toEqual([Number.NaN]);
          expect([
            ...reduce(
              name,
              [...x].flatMap((v) => [v, 1]),
              1,
              n,
              2,
            ),
          ]).toEqual([Number.NaN, 1]);
        }
      }
    }
  });

  test('a sum of a million elements keeps the error of a short one', () => {
    const n = 1_000_000;
    const x = random(n, 5).map((value) => value + 1);
    const exact = functions.sum([...x]);
    expect(Math.abs(reduce('sum', x, 1, n, 1)[0] / exact - 1)).toBeLessThan(2e-7);
    const columnExact = columns(x, 1, n / 20, 20).map(functions.sum);
    const sums = reduce('sum', x, 1, n / 20, 20);
    for (let i = 0; i < 20; i++) expect(Math.abs(sums[i] / columnExact[i] - 1)).toBeLessThan(5e-7);
  });

  test('sumOfSquares is in float64, and does not overflow', () => {
    for (const n of [...awkward, 5000]) {
      const x = random(n, n);
      const exact = functions.sum(Array.from(x, (value) => value * value));
      expect(Math.abs(room.kernels.sumOfSquares(room.floats(x), n) - exact)).toBeLessThanOrEqual(1e-12 * exact);
    }
    expect(room.kernels.sumOfSquares(room.floats([2 ** 100, 2 ** 100]), 2)).toBe(2 ** 201);
  });

  test('columnSums adds to what is there when asked, and a column does not depend on its neighbours', () => {
    const { kernels, floats, readFloats } = room;
    for (const n of [1, 3, 4, 5, 16, 17, 35, 64]) {
      const rows = 600;
      const [x, before] = [random(rows * n, n), random(n, 3)];
      const expected = columns(x, 1, rows, n).map(functions.sum);
      const out = floats(before);
      kernels.columnSums(floats(x), n, rows, n, out, 1);
      expectClose(
        readFloats(out, n),
        expected.map((sum, j) => sum + before[j]),
        1e-5,
      );
      const matrix = floats(x);
      kernels.columnSums(matrix, n, rows, n, out, 0);
      const all = readFloats(out, n);
      const last = floats(columns(x, 1, rows, n)[n - 1]);
      kernels.columnSums(last, 1, rows, 1, out, 0);
      expectSameBits(readFloats(out, 1), all.slice(-1));
      kernels.columnSums(matrix + 4 * (n >> 1), n, rows, n - (n >> 1), out, 0);
      expectSameBits(readFloats(out, n - (n >> 1)), all.slice(n >> 1));
      room.reset();
    }
  });

  test('argmax is the first maximum, and NaN counts as largest', () => {
    const argmax = (x: number[], outer: number, n: number, inner: number) => {
      const out = room.space(outer * inner);
      room.kernels.argmax(room.floats(x), out, outer, n, inner);
      return [...room.readInts(out, outer * inner)];
    };
    expect(argmax([1, 3, 2, 3, 0], 1, 5, 1)).toEqual([1]);
    expect(argmax([1, Number.NaN, 9, Number.NaN], 1, 4, 1)).toEqual([1]);
    expect(argmax([Number.NaN, 9], 1, 2, 1)).toEqual([0]);
    expect(argmax([-Infinity, -Infinity], 1, 2, 1)).toEqual([0]);
    expect(argmax([1, 5, 4, 2, 3, 9, 7, 8], 2, 2, 2)).toEqual([1, 0, 1, 0]);
  });
});
