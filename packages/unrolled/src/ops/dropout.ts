import { apply, type Operation } from '../autodiff/operation.ts';
import { ConfigError } from '../errors.ts';
import type { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { mul } from './elementwise.ts';

const dropoutOperation: Operation<[Tensor], { rate: number; seed: number }, null> = {
  name: 'dropout',
  forward([x], { rate, seed }, device) {
    const y = device.empty(x.shape);
    device.backend.dropout(x, y, rate, seed);
    return { outputs: [y], saved: null };
  },
  backward: ({ options, gradients: [dy] }) => [apply(dropoutOperation, [dy!], options)],
};

/**
 * Inverted dropout (Srivastava 2014): each number becomes 0 with probability `rate`, the others are divided by
 * 1 − rate. The mask follows from one draw of `random` and the position, so nothing is stored.
 * @throws ConfigError unless 0 ≤ rate < 1
 */
export function dropout(x: Tensor, rate: number, random: Random): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new ConfigError(`dropout: rate ${rate} is not in [0, 1); it is the share of numbers set to 0`, { rate });
  }
  return rate === 0 ? x : apply(dropoutOperation, [x], { rate, seed: random.bits() });
}

/**
 * Dropout of whole channels (Tompson 2015; PyTorch's Dropout2d): each channel of each image becomes 0 with probability
 * `rate`, the others are divided by 1 − rate. x `[B, …, C]`.
 * @throws ConfigError unless 0 ≤ rate < 1
 */
export function dropoutChannels(x: Tensor, rate: number, random: Random): Tensor {
  const ends = x.shape.map((extent, axis) => (axis === 0 || axis === x.rank - 1 ? extent : 1));
  const factors = dropout(x.device.ones(ends), rate, random);
  return rate === 0 ? x : mul(x, factors);
}
