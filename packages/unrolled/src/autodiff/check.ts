import type { Tensor } from '../tensor/tensor.ts';
import { gradients } from './gradients.ts';

/**
 * The largest disagreement between the gradients of `loss` and central differences
 * (L(x + h) − L(x − h)) / 2h, over all elements of all inputs, relative to the largest gradient of that input (or 1).
 * Meant for float64 devices: an operation with a right gradient gives ≤ 1e-6 there.
 *
 * @param loss  one number from tracked copies of the inputs; must be the same function at every call
 * @param h  step of the differences, relative to max(1, |x|)
 */
export function gradientError(
  inputs: readonly Tensor[],
  loss: (inputs: readonly Tensor[]) => Tensor,
  h = 1e-5,
): number {
  const { device } = inputs[0];
  const leaves = inputs.map((input) => input.track());
  const exact = gradients(loss(leaves), leaves).map((gradient) => gradient.data());
  let worst = 0;
  inputs.forEach((input, index) => {
    const values = input.data();
    const largest = Array.from(exact[index], Math.abs).reduce((most, value) => Math.max(most, value), 1);
    const evaluate = (position: number, value: number): number =>
      device.scope(() =>
        device.withoutGradients(() => {
          const moved = values.slice();
          moved[position] = value;
          const changed = inputs.map((other, i) => (i === index ? device.tensor(moved, input.shape) : other));
          return loss(changed).item();
        }),
      );
    for (let position = 0; position < values.length; position++) {
      const step = h * Math.max(1, Math.abs(values[position]));
      const numeric =
        (evaluate(position, values[position] + step) - evaluate(position, values[position] - step)) / (2 * step);
      const error = Math.abs(numeric - exact[index][position]) / largest;
      // A NaN is a disagreement, not a pass.
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
  });
  return worst;
}
