import { idsOf } from '../ops/ids.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What tensors were made of on the host: the inputs of a batch, from which masks and ids follow. */
const given = new WeakMap<Tensor, ArrayLike<number>>();

/** Remembers what a tensor was made of. */
export function remember(tensor: Tensor, numbers: ArrayLike<number>): Tensor {
  given.set(tensor, numbers);
  return tensor;
}

/**
 * The numbers of a tensor: those it was made of, or read from a device that gives them at once.
 * @throws DeviceError if they were computed on a device that answers only later
 */
export const numbersOf = (operation: string, tensor: Tensor): ArrayLike<number> =>
  given.get(tensor) ?? idsOf(operation, tensor);

/** The same numbers in another shape. */
export function reshapedNumbers(from: Tensor, to: Tensor): Tensor {
  const numbers = given.get(from);
  return numbers ? remember(to, numbers) : to;
}
