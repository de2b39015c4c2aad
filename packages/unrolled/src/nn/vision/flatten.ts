import { oneOf } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { reshape, transpose } from '../../ops/index.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';

export interface FlattenOptions {
  /**
   * Which features come first: 'channelsFirst' those of the first channel, as in PyTorch, so that weights of a linear layer
   * that follows are the same there; 'channelsLast' those of the first place, as in Keras, without moving anything. Default
   * 'channelsFirst'.
   */
  readonly order?: 'channelsFirst' | 'channelsLast' | undefined;
}

/** All features of each image in one vector, `[B, …, C]` → `[B, …·C]`. */
export class Flatten implements Layer {
  readonly config: { readonly layer: 'flatten' } & FlattenOptions;

  /** @throws ConfigError on an unknown option or order */
  constructor(options: FlattenOptions = {}) {
    this.config = layerConfig('flatten', options, { order: oneOf(['channelsFirst', 'channelsLast']) });
  }

  /** @throws ShapeError unless all extents but B are known */
  build(input: Shape): Shape {
    const [B, ...features] = input;
    if (input.length < 2 || features.some((extent) => extent < 1)) {
      throw new ShapeError(
        `flatten: needs images of a known size, received ${formatShape(input)}; give the size when building, or use a ` +
          'globalAveragePool in its place',
        { input },
      );
    }
    return [B, sizeOf(features)];
  }

  apply(x: Tensor): Tensor {
    const features = sizeOf(x.shape.slice(1));
    const places = features / x.shape.at(-1)!;
    if (this.config.order === 'channelsLast' || places === 1) return reshape(x, [x.shape[0], features]);
    return reshape(transpose(reshape(x, [x.shape[0], places, x.shape.at(-1)!])), [x.shape[0], features]);
  }
}
