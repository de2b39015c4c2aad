import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builds, indices, load, type Room, random } from './support.ts';

describe.each(builds)('stridedCopy, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  /** Copies and compares the whole of out, what must stay untouched included. */
  const check = (dims: number[], xStrides: number[], outStrides: number[], accumulate = false) => {
    room.reset();
    const { kernels, floats, ints, readFloats } = room;
    const span = (strides: number[], direction: number) =>
      strides.reduce((sum, stride, axis) => sum + Math.max(0, stride * direction) * Math.max(0, dims[axis] - 1), 0);
    const place = (strides: number[]) => ({ first: span(strides, -1), size: span(strides, -1) + span(strides, 1) + 1 });
    const [from, to] = [place(xStrides), place(outStrides)];
    const x = random(from.size, 1);
    const out = random(to.size, 2);
    const px = floats(x) + from.first * 4;
    const pout = floats(out);
    kernels.stridedCopy(
      px,
      pout + to.first * 4,
      dims.length,
      ints(dims),
      ints(xStrides),
      ints(outStrides),
      Number(accumulate),
    );
    for (const index of indices(dims)) {
      const at = (strides: number[]) => index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
      const value = x[from.first + at(xStrides)];
      out[to.first + at(outStrides)] = accumulate ? out[to.first + at(outStrides)] + value : value;
    }
    expect([...readFloats(pout, to.size)]).toEqual([...out]);
  };

  test('contiguous, sliced, flipped and broadcast views', () => {
    for (const accumulate of [false, true]) {
      check([], [], [], accumulate);
      for (const n of [0, 1, 3, 4, 5, 17, 64]) {
        check([n], [1], [1], accumulate);
        check([n], [-1], [1], accumulate);
        check([n], [0], [1], accumulate);
        check([n], [2], [3], accumulate);
      }
      check([3, 5], [9, 1], [5, 1], accumulate);
      check([2, 3, 5], [15, -5, 1], [30, 5, 1], accumulate);
      check([2, 3, 4, 5], [60, 20, 5, 1], [1, 2, 6, 24], accumulate);
    }
  });

  test('transposes of any two sizes', () => {
    const size = fc.integer({ min: 1, max: 80 });
    const gap = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(size, size, gap, gap, fc.boolean(), (rows, columns, a, b, accumulate) => {
        check([rows, columns], [1, rows + a], [columns + b, 1], accumulate);
        check([rows, columns], [columns + a, 1], [1, rows + b], accumulate);
      }),
    );
    check([200, 130], [1, 200], [130, 1]);
  });

  test('elements are moved as bits, so integers survive', () => {
    const { kernels, ints, space, readInts } = room;
    const values = Int32Array.from({ length: 20 }, (_, i) => 0x7f800001 + i);
    const out = space(20);
    kernels.stridedCopy(ints(values), out, 2, ints([4, 5]), ints([1, 4]), ints([5, 1]), 0);
    expect([...readInts(out, 20)]).toEqual(indices([4, 5]).map(([i, j]) => values[i + 4 * j]));
    kernels.stridedCopy(ints(values), out, 1, ints([7]), ints([2]), ints([1]), 0);
    expect([...readInts(out, 7)]).toEqual([0, 2, 4, 6, 8, 10, 12].map((i) => values[i]));
  });
});
