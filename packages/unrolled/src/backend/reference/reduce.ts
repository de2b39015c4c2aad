import type { ReduceOperation } from '../backend.ts';
import type { Floats } from './memory.ts';

const reduceRules: Record<ReduceOperation, { start: number; join: (a: number, b: number) => number }> = {
  sum: { start: 0, join: (a, b) => a + b },
  max: { start: Number.NEGATIVE_INFINITY, join: Math.max },
  min: { start: Number.POSITIVE_INFINITY, join: Math.min },
};

/** x [outer, n, inner] → out [outer, inner]. */
export function reduce(
  operation: ReduceOperation,
  x: Floats,
  out: Floats,
  outer: number,
  n: number,
  inner: number,
): void {
  const { start, join } = reduceRules[operation];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let result = start;
      for (let k = 0; k < n; k++) result = join(result, x[(o * n + k) * inner + i]);
      out[o * inner + i] = result;
    }
  }
}

export function argmax(x: Floats, out: Int32Array, outer: number, n: number, inner: number): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let best = 0;
      for (let k = 1; k < n; k++) {
        if (x[(o * n + k) * inner + i] > x[(o * n + best) * inner + i]) best = k;
      }
      out[o * inner + i] = best;
    }
  }
}

export function norm(x: Floats, out: Floats): void {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  out[0] = Math.sqrt(sum);
}
