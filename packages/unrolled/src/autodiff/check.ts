import { ConfigError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { collectGradients } from './gradients.ts';

/**
 * Checks gradients: the largest difference between the gradients of `loss` and central differences
 * (L(x + h) − L(x − h)) / 2h, over all elements of all inputs, relative to the largest gradient of that input (or 1).
 * For float64 devices: a correct gradient gives at most 1e-6 there. `checkGradients` of 'unrolled/nn' does the same for
 * the parameters of a layer.
 *
 * @param loss  computes one number from the tensors it is given, the same function at every call
 * @param h  step of the differences, relative to max(1, |x|). Default 1e-5
 * @throws ConfigError if there are no inputs, or the loss does not depend on one of them
 *
 * @example
 * const device = await openDevice('reference');
 * await gradientError([device.tensor([0.3, -1])], ([x]) => x.tanh().square().sum());   // about 1e-11
 */
export async function gradientError(
  inputs: readonly Tensor[],
  loss: (inputs: readonly Tensor[]) => Tensor,
  h = 1e-5,
): Promise<number> {
  if (inputs.length === 0) throw new ConfigError('gradientError: no inputs given; it needs at least one');
  const { device } = inputs[0];
  const leaves = inputs.map((input) => input.track());
  const found = collectGradients(loss(leaves), new Set(leaves));
  let worst = 0;
  for (const [index, input] of inputs.entries()) {
    const values = await input.read();
    const exact = (await found.get(leaves[index])?.read()) ?? new Float64Array(input.size);
    const largest = Array.from(exact, Math.abs).reduce((most, value) => Math.max(most, value), 1);
    const evaluate = async (position: number, value: number): Promise<number> => {
      const [number] = await device.read(() =>
        device.withoutGradients(() => {
          const moved = values.slice();
          moved[position] = value;
          return loss(inputs.map((other, i) => (i === index ? device.tensor(moved, input.shape) : other)));
        }),
      );
      return number;
    };
    let depends = found.has(leaves[index]) || values.length === 0;
    for (let position = 0; position < values.length; position++) {
      const step = h * Math.max(1, Math.abs(values[position]));
      const ends = [values[position] + step, values[position] - step].map((value) => evaluate(position, value));
      const [above, below] = await Promise.all(ends);
      const numeric = (above - below) / (2 * step);
      depends ||= numeric !== 0;
      const error = Math.abs(numeric - exact[position]) / largest;
      // A NaN is a disagreement, not a pass.
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
    if (!depends) {
      throw new ConfigError(
        `gradientError: the loss does not depend on input ${index}, of shape ${formatShape(input.shape)}; ` +
          'compute it from the tensors that the function receives',
        { input: index, shape: input.shape },
      );
    }
  }
  return worst;
}
