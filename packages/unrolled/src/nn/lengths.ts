import { apply, type Operation } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { matmul, reshape } from '../ops/index.ts';
import { sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** @throws ShapeError unless there is a whole number from 1 to T for each of B rows */
export function requireLengths(operation: string, lengths: readonly number[], T: number, B: number): void {
  if (lengths.length !== B || lengths.some((n) => !Number.isInteger(n) || n < 1 || n > T)) {
    throw new ShapeError(
      `${operation}: lengths must be ${B} whole numbers from 1 to ${T}, received [${lengths}]; leave out empty rows`,
      { lengths, T, B },
    );
  }
}

interface Padding {
  /** Positions of a `[T, B]` array as ranges [start, end). */
  readonly runs: readonly (readonly [start: number, end: number])[];
  readonly value: number;
}

const paddingOperation: Operation<[Tensor], Padding, null> = {
  name: 'replacePadding',
  forward: ([x], { runs, value }) => ({ outputs: [filled(x, runs, value)], saved: null }),
  backward: ({ options: { runs }, gradients: [dy] }) => [filled(dy!, runs, 0)],
};

/** A copy of `[T, B, …]` with one value in these positions. */
function filled(x: Tensor, runs: Padding['runs'], value: number): Tensor {
  const { backend } = x.device;
  const y = x.device.empty(x.shape);
  const width = sizeOf(x.shape.slice(2));
  backend.copy(x, y);
  for (const [start, end] of runs) backend.fill(y.view([(end - start) * width], start * width), value);
  return y;
}

/**
 * x `[T, B, …]` with `value` at the steps beyond each row's length. The replaced values, NaN included, reach no result;
 * their gradient is exactly 0.
 */
export function replacePadding(x: Tensor, lengths: ArrayLike<number>, value: number): Tensor {
  const [T, B] = x.shape;
  const runs: [number, number][] = [];
  for (let place = 0; place < T * B; place++) {
    if (Math.floor(place / B) < lengths[place % B]) continue;
    const last = runs.at(-1);
    if (last?.[1] === place) last[1]++;
    else runs.push([place, place + 1]);
  }
  return runs.length === 0 ? x : apply(paddingOperation, [x], { runs, value });
}

/** The positions of a `[T, B]` array within each row's length, in order: `[N]`. */
export function activePositions(lengths: ArrayLike<number>, T: number): Int32Array {
  const B = lengths.length;
  return Int32Array.from({ length: T * B }, (_, i) => i).filter((i) => Math.floor(i / B) < lengths[i % B]);
}

/** 1 where row b still has step t, else 0: `[T, B]`. */
export function activeSteps(lengths: ArrayLike<number>, T: number, device: Device): Tensor {
  const B = lengths.length;
  return device.tensor(
    Float64Array.from({ length: T * B }, (_, i) => (Math.floor(i / B) < lengths[i % B] ? 1 : 0)),
    [T, B],
  );
}

/**
 * Σ over t of xs `[T, …]` → `[…]`. A matrix product, whose order of summation depends on t alone: `sum` takes another
 * order for one column than for many, so that a row alone would differ from the same row in a batch.
 */
export function sumOverTime(xs: Tensor): Tensor {
  const [T, ...rest] = xs.shape;
  return reshape(matmul(xs.device.ones([1, T]), reshape(xs, [T, xs.size / T])), rest);
}

/** 0 below a row's length, −∞ from there on, `[B, S]`. */
export function beyond(lengths: readonly number[], S: number): Float64Array {
  return Float64Array.from({ length: lengths.length * S }, (_, i) =>
    i % S < lengths[Math.floor(i / S)] ? 0 : Number.NEGATIVE_INFINITY,
  );
}
