import { ShapeError } from '../errors.ts';
import { matmul, reshape } from '../ops/index.ts';
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
