import { dropout } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Context, Layer } from './layer.ts';

/** Sets numbers to 0 with probability `rate` while training, and divides the others by 1 − rate. */
export class Dropout implements Layer {
  readonly config: { readonly layer: 'dropout'; readonly rate: number };

  constructor(options: { readonly rate: number }) {
    this.config = { layer: 'dropout', ...options };
  }

  build(input: Shape): Shape {
    return input;
  }

  apply(x: Tensor, context: Context): Tensor {
    return context.training ? dropout(x, this.config.rate, context.random) : x;
  }
}
