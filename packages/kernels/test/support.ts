import { expect } from 'vitest';

export { type Build, builds, load, type Room } from '../load.ts';

/** Sizes at which loops over lanes, tiles and panels begin, end or do nothing. */
export const awkward = [0, 1, 3, 4, 5, 17, 64];

/** A seeded source of numbers in [−1, 1). */
export function source(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** `count` float32 values in [−1, 1) · scale. */
export function random(count: number, seed: number, scale = 1): Float32Array {
  const next = source(seed);
  return Float32Array.from({ length: count }, () => next() * scale);
}

/** Every element within `tolerance`, relative to the larger of 1 and the expected value; NaN equals NaN. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (!(error <= tolerance)) expect.fail(`element ${i}: got ${actual[i]}, expected ${expected[i]}`);
  }
}

/** The same bits, so that 0 is not −0. */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  expect(new Uint32Array(actual.buffer, actual.byteOffset, actual.length)).toEqual(
    new Uint32Array(expected.buffer, expected.byteOffset, expected.length),
  );
}

/** ∂f/∂x[i] for every i by central differences in float64. */
export function numericGradient(f: (x: Float64Array) => number, x: ArrayLike<number>): Float64Array {
  const at = Float64Array.from(x);
  const step = 1e-5;
  return at.map((value, i) => {
    at[i] = value + step;
    const above = f(at);
    at[i] = value - step;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * step);
  });
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Σ a[i]·b[i] */
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** All index tuples of a shape, in row-major order. */
export function indices(dims: number[]): number[][] {
  return dims.reduce<number[][]>(
    (tuples, size) => tuples.flatMap((tuple) => Array.from({ length: size }, (_, i) => [...tuple, i])),
    [[]],
  );
}
