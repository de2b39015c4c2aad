import { rate, required } from '../../checks.ts';
import { dropoutChannels } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Context, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';

/**
 * Dropout of whole channels (Tompson 2015): while training, sets each channel of each image to 0 with probability `rate` and
 * divides the others by 1 − rate. Neighbouring pixels are so alike that dropping single ones hides little.
 */
export class ChannelDropout implements Layer {
  readonly config: { readonly layer: 'channelDropout'; readonly rate: number };

  /** @throws ConfigError unless the rate is in [0, 1) */
  constructor(options: { readonly rate: number }) {
    this.config = layerConfig('channelDropout', options, { rate: required(rate) });
  }

  build(input: Shape): Shape {
    return input;
  }

  apply(x: Tensor, context: Context): Tensor {
    return context.training ? dropoutChannels(x, this.config.rate, context.random) : x;
  }
}
