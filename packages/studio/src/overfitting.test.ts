import { expect, test } from 'vitest';
import { bestValidation, overfits } from './overfitting.ts';

const course = (...losses: number[]) => losses.map((loss, i) => ({ step: 60 * (i + 1), loss }));

test('a validation loss that has risen for some time above its best is overfitting', () => {
  expect(overfits(course(3, 2, 1.8, 1.9, 2, 2.1))).toBe(true);
  // Losses below 0, as of densities, rise in the same sense.
  expect(overfits(course(-1, -2, -1.9, -1.8, -1.7))).toBe(true);
});

test('a loss that falls, has just turned, or wavers about its best is not', () => {
  for (const losses of [[], [2], [3, 2, 1.8, 1.7], [3, 2, 1.8, 2.5], [3, 2, 1.8, 1.81, 1.82, 1.81]]) {
    expect(overfits(course(...losses))).toBe(false);
  }
});

test('the best validation is the lowest that is a number', () => {
  expect(bestValidation(course(Number.NaN, 3, 2, 2.5))).toEqual({ step: 180, loss: 2 });
  expect(bestValidation(course(Number.NaN))).toBeNull();
});
