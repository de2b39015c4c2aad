import type { NetworkConfig, Options } from './options.ts';
import { conv, flatten, linear, maxPool, relu, scaled } from './parts.ts';

/**
 * LeNet-5 (LeCun 1998) with what is usual today: relu in place of tanh, maximum in place of average, full connections between
 * the channels. For 28 × 28 in grey, padded to 32 × 32 as there. Parameters: `conv1`, `conv2`, `fc1`, `fc2`, `fc3`.
 */
export const lenet = ({ classes, width, size = 28 }: Options): NetworkConfig => ({
  layer: 'sequential',
  layers: {
    conv1: conv(scaled(6, width), 5, { padding: size < 32 ? 2 : 0 }),
    relu1: relu,
    pool1: maxPool(2),
    conv2: conv(scaled(16, width), 5),
    relu2: relu,
    pool2: maxPool(2),
    flatten,
    fc1: linear(scaled(120, width)),
    relu3: relu,
    fc2: linear(scaled(84, width)),
    relu4: relu,
    fc3: linear(classes),
  },
});
