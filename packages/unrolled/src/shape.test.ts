import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from './errors.ts';
import {
  broadcastShapes,
  broadcastStrides,
  formatShape,
  normaliseAxis,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from './shape.ts';

const extents = fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 5 }));
const shapes = fc.array(extents, { maxLength: 4 });

/** Shapes that broadcast with each other: one whole, with axes made 1 and leading ones left out. */
const related = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }).chain((whole) => {
  const part = fc
    .tuple(fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }), fc.nat(whole.length))
    .map(([ones, left]) => whole.map((extent, axis) => (ones[axis] ? 1 : extent)).slice(left));
  return fc.tuple(part, part, part);
});

const broadcast = (a: Shape, b: Shape): Shape => broadcastShapes('add', a, b);

/** The shape, or that there is none. */
function attempt(a: Shape, b: Shape): Shape | 'none' {
  try {
    return broadcast(a, b);
  } catch (error) {
    expect(error).toBeInstanceOf(ShapeError);
    return 'none';
  }
}

describe('broadcastShapes', () => {
  test('does not depend on the order, for all shapes', () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        expect(attempt(a, b)).toEqual(attempt(b, a));
      }),
    );
  });

  test('does not depend on the grouping, for all shapes that fit each other', () => {
    fc.assert(
      fc.property(related, ([a, b, c]) => {
        expect(broadcast(broadcast(a, b), c)).toEqual(broadcast(a, broadcast(b, c)));
      }),
    );
  });

  test('leaves a shape as it is against itself, against a single number and against the result', () => {
    fc.assert(
      fc.property(related, ([a, b]) => {
        expect(broadcast(a, a)).toEqual(a);
        expect(broadcast(a, [])).toEqual(a);
        expect(broadcast(a, broadcast(a, b))).toEqual(broadcast(a, b));
      }),
    );
  });

  test('names operation, shapes, axis and fix where they do not fit', () => {
    const wrong = () => broadcastShapes('mul', [2, 3], [4, 3]);
    expect(wrong).toThrow(
      'mul: shapes [2, 3] and [4, 3] do not broadcast: 2 against 4 at axis 0; make them equal or one of them 1',
    );
    expect(wrong).toThrow(
      expect.objectContaining({ name: 'ShapeError', details: { operation: 'mul', a: [2, 3], b: [4, 3] } }),
    );
    expect(() => broadcast([5, 2, 3], [4])).toThrow('3 against 4 at axis 2');
  });
});

describe('strides', () => {
  test('reach every element once, in order, for all shapes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const strides = stridesOf(shape);
        let offsets = [0];
        shape.forEach((extent, axis) => {
          offsets = offsets.flatMap((offset) => Array.from({ length: extent }, (_, i) => offset + i * strides[axis]));
        });
        expect(offsets).toEqual(Array.from({ length: sizeOf(shape) }, (_, i) => i));
      }),
    );
  });

  test('of a repeated axis are 0, of the others those of the shape', () => {
    expect(broadcastStrides([2, 1, 3], [4, 2, 5, 3])).toEqual([0, 3, 0, 1]);
  });
});

describe('normaliseAxis', () => {
  test('counts negative axes from the end', () => {
    expect([0, 1, 2, -1, -2, -3].map((axis) => normaliseAxis('sum', axis, [4, 5, 6]))).toEqual([0, 1, 2, 2, 1, 0]);
  });

  test.each([2, -3, 0.5, Number.NaN])('names axis %d, the shape and what there is', (axis) => {
    expect(() => normaliseAxis('sum', axis, [4, 5])).toThrow(
      `sum: axis ${axis} does not exist in shape [4, 5]; use -2 to 1`,
    );
  });
});

test('a shape of no axes holds one number, and one with an extent 0 holds none', () => {
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([3, 0, 2])).toBe(0);
});

test('shapes are the same when all extents are', () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
  expect(formatShape([2, 3])).toBe('[2, 3]');
});
