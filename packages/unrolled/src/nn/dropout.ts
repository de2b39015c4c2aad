import { rate, required } from '../checks.ts';
import { dropout } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Context, Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';

/**
 * Dropout (Srivastava 2014): while training, sets each element to 0 with probability `rate` and divides the others by
 * 1 − rate.
 */
export class Dropout implements Layer {
  readonly config: { readonly layer: 'dropout'; readonly rate: number };

  /** @throws ConfigError unless the rate is in [0, 1) */
  constructor(options: { readonly rate: number }) {
    this.config = layerConfig('dropout', options, { rate: required(rate) });
  }

  build(input: Shape): Shape {
    return input;
  }

  apply(x: Tensor, context: Context): Tensor {
    return context.training ? dropout(x, this.config.rate, context.random) : x;
  }
}
