import { expect, test } from 'vitest';
import { broadcastStrides, stridesOf } from '../../shape.ts';
import { mergeAxes } from './views.ts';

const walk = (a: readonly number[], b: readonly number[], out: readonly number[]) =>
  mergeAxes(out, [broadcastStrides(a, out), broadcastStrides(b, out), stridesOf(out)]);

test('arrays of one shape are walked as one axis', () => {
  expect(walk([2, 3, 4], [2, 3, 4], [2, 3, 4])).toEqual({ extents: [24], strides: [[1], [1], [1]] });
});

test('a row added to many is walked as two', () => {
  const strides = [
    [4, 1],
    [0, 1],
    [4, 1],
  ];
  expect(walk([2, 3, 4], [4], [2, 3, 4])).toEqual({ extents: [6, 4], strides });
});

test('a single number is one element', () => {
  expect(walk([], [], [])).toEqual({ extents: [1], strides: [[1], [1], [1]] });
  expect(walk([1, 1], [1], [1, 1])).toEqual({ extents: [1], strides: [[1], [1], [1]] });
});

test('a transpose stays two axes', () => {
  const view = mergeAxes(
    [4, 3],
    [
      [1, 4],
      [3, 1],
    ],
  );
  expect(view.extents).toEqual([4, 3]);
});
