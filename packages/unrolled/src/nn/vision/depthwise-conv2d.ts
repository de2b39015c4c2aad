import { count } from '../../checks.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Context, Fused, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import { Conv2d, type Conv2dOptions, convolutionKinds } from './conv2d.ts';
import { requireImages } from './window.ts';

export interface DepthwiseConv2dOptions extends Omit<Conv2dOptions, 'channels' | 'groups'> {
  /** m, output channels of each input channel. Default 1. */
  readonly multiplier?: number | undefined;
}

/**
 * Depthwise convolution: each channel is filtered by itself, `[B, H, W, C]` → `[B, H′, W′, m·C]`; `Conv2d` with groups = C.
 * Parameters: `weight` [m·C, 1, rows, columns] and `bias` [m·C].
 */
export class DepthwiseConv2d extends Buildable<{ convolution: Conv2d }> implements Layer {
  readonly config: { readonly layer: 'depthwiseConv2d' } & DepthwiseConv2dOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: DepthwiseConv2dOptions) {
    super();
    this.config = layerConfig('depthwiseConv2d', options, { ...convolutionKinds, multiplier: count });
  }

  /** @throws ShapeError if the input is not [B, H, W, C] or smaller than the kernel */
  build(input: Shape, declarations: Declarations): Shape {
    const [, , , groups] = requireImages('depthwiseConv2d', input);
    const { layer: _, multiplier = 1, ...options } = this.config;
    const convolution = new Conv2d({ ...options, channels: multiplier * groups, groups });
    this.parts = { convolution };
    return convolution.build(input, declarations);
  }

  apply(x: Tensor): Tensor {
    return this.parts.convolution.apply(x);
  }

  applyFused(x: Tensor, context: Context, following: readonly Layer[]): Fused {
    return this.parts.convolution.applyFused(x, context, following);
  }
}
