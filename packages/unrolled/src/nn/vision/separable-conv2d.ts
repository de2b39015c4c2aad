import { count, required } from '../../checks.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { applyPart, type Context, type Fused, type Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import { Conv2d, convolutionKinds } from './conv2d.ts';
import { DepthwiseConv2d, type DepthwiseConv2dOptions } from './depthwise-conv2d.ts';

export interface SeparableConv2dOptions extends DepthwiseConv2dOptions {
  /** O, the number of output channels. */
  readonly channels: number;
}

/**
 * Depthwise separable convolution (Sifre & Mallat 2014; Chollet 2017): a depthwise convolution, then one of 1 × 1 that mixes
 * the channels, with nothing between them, `[B, H, W, C]` → `[B, H′, W′, O]`. For a kernel of 3 × 3 and C channels in and out
 * it takes 9CHW + C²HW multiply-adds, where the full convolution takes 9C²HW.
 *
 * Parameters: `depthwise.weight` [m·C, 1, rows, columns], `pointwise.weight` [O, m·C, 1, 1], `pointwise.bias` [O].
 */
export class SeparableConv2d extends Buildable<{ depthwise: DepthwiseConv2d; pointwise: Conv2d }> implements Layer {
  readonly config: { readonly layer: 'separableConv2d' } & SeparableConv2dOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: SeparableConv2dOptions) {
    super();
    this.config = layerConfig('separableConv2d', options, {
      ...convolutionKinds,
      channels: required(count),
      multiplier: count,
    });
  }

  /** @throws ShapeError if the input is not [B, H, W, C] or smaller than the kernel */
  build(input: Shape, declarations: Declarations): Shape {
    const { layer: _, channels, bias, ...options } = this.config;
    const depthwise = new DepthwiseConv2d({ ...options, bias: false });
    const pointwise = new Conv2d({ channels, kernel: 1, bias, weight: options.weight });
    this.parts = { depthwise, pointwise };
    return pointwise.build(depthwise.build(input, declarations.within('depthwise')), declarations.within('pointwise'));
  }

  apply(x: Tensor, context: Context): Tensor {
    const { depthwise, pointwise } = this.parts;
    return applyPart('pointwise', pointwise, applyPart('depthwise', depthwise, x, context), context);
  }

  applyFused(x: Tensor, context: Context, following: readonly Layer[]): Fused {
    const { depthwise, pointwise } = this.parts;
    return pointwise.applyFused(depthwise.apply(x), context, following);
  }
}
