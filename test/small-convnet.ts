import type { InspectedNetwork } from '../packages/unrolled/src/inspect/vision/network.ts';
import type { Context } from '../packages/unrolled/src/nn/layer.ts';
import { conv2d, globalAveragePool, linear, relu } from '../packages/unrolled/src/ops/index.ts';
import { Random } from '../packages/unrolled/src/random.ts';
import { type Shape, sizeOf } from '../packages/unrolled/src/shape.ts';
import type { Device } from '../packages/unrolled/src/tensor/device.ts';
import type { Tensor } from '../packages/unrolled/src/tensor/tensor.ts';

/** Random numbers, or their absolute values. */
export function randomTensor(device: Device, shape: Shape, seed: number, positive = false): Tensor {
  const random = new Random(seed);
  const draw = (): number => (positive ? Math.abs(random.normal()) : random.normal());
  return device.keep(device.tensor(Float64Array.from({ length: sizeOf(shape) }, draw), shape));
}

/** Two convolutions, 3 → 4 → 5 channels, global average pooling and a linear layer to 3 classes. */
export class SmallConvnet implements InspectedNetwork {
  readonly #weights: readonly Tensor[];

  constructor(device: Device, seed = 1, positive = false) {
    const shapes = [[4, 3, 3, 3], [4], [5, 4, 3, 3], [3, 5], [3]];
    this.#weights = shapes.map((shape, i) => randomTensor(device, shape, 10 * seed + i, positive).track());
  }

  get head(): Tensor {
    return this.#weights[3];
  }

  logits(x: Tensor, { observe = (_, value) => value }: Context): Tensor {
    const [w1, b1, w2, head, bias] = this.#weights;
    const first = observe('first', conv2d(x, w1, b1, { padding: 'same', activation: 'relu' }));
    const second = observe('second', relu(conv2d(first, w2, null, { padding: 'same', stride: 2 })));
    const pooled = observe('pooled', globalAveragePool(second));
    return observe('head', linear(pooled, head, bias));
  }
}
