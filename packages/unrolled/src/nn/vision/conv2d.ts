import { count, flag, required } from '../../checks.ts';
import { conv2d, type Padding2d, type Size2d } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import type { Context, Fused, Layer } from '../layer.ts';
import { initialiserKind, layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { type Following, fuseConvolution } from './fusion.ts';
import { padding2d, pairOf, requireGroups, requireImages, rowsAndColumns, size2d } from './window.ts';

export interface Conv2dOptions {
  /** O, the number of output channels. */
  readonly channels: number;
  /** Rows and columns of the kernel; one number for both. */
  readonly kernel: Size2d;
  /** Default 1. */
  readonly stride?: Size2d | undefined;
  /** Distance of neighbouring taps of the kernel. Default 1. */
  readonly dilation?: Size2d | undefined;
  /** Groups of input and output channels that do not see each other. Default 1. */
  readonly groups?: number | undefined;
  /** Zeros around the image. Default 'valid'. */
  readonly padding?: Padding2d | undefined;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Default 'he'. */
  readonly weight?: Initialiser | undefined;
}

/** Of the options that all convolutions of images have. */
export const convolutionKinds = {
  kernel: required(size2d),
  stride: size2d,
  dilation: size2d,
  padding: padding2d,
  bias: flag,
  weight: initialiserKind,
};

/**
 * Two-dimensional convolution, `[B, H, W, C]` → `[B, H′, W′, O]`, with H′ = ⌊(H + padding − dilation·(k − 1) − 1)/stride⌋ + 1.
 * Parameters: `weight` [O, C/groups, rows, columns] and `bias` [O], as PyTorch's.
 */
export class Conv2d extends Buildable<{ weight: Parameter; bias: Parameter | null }> implements Layer {
  readonly config: { readonly layer: 'conv2d' } & Conv2dOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: Conv2dOptions) {
    super();
    this.config = layerConfig('conv2d', options, {
      ...convolutionKinds,
      channels: required(count),
      groups: count,
    });
  }

  /** @throws ShapeError if the input is not [B, H, W, C] or smaller than the kernel; ConfigError if groups do not fit */
  build(input: Shape, declarations: Declarations): Shape {
    const { channels, kernel, groups = 1, bias = true, weight = { kind: 'he' } } = this.config;
    const [B, , , C] = requireImages('conv2d', input);
    requireGroups('conv2d', groups, { input: C, output: channels });
    const output = rowsAndColumns('conv2d', input, this.config);
    this.parts = {
      weight: declarations.declare('weight', [channels, C / groups, ...pairOf(kernel)], weight),
      bias: bias ? declarations.declare('bias', [channels], zeros) : null,
    };
    return [B, ...output, channels];
  }

  apply(x: Tensor): Tensor {
    return this.#convolve(x, { bias: this.parts.bias?.value ?? null, activation: 'none' });
  }

  applyFused(x: Tensor, context: Context, following: readonly Layer[]): Fused {
    const bias = this.parts.bias?.value ?? null;
    return fuseConvolution((then) => this.#convolve(x, then), bias, context, following);
  }

  #convolve(x: Tensor, { bias, ...then }: Following): Tensor {
    const { stride, dilation, groups, padding } = this.config;
    return conv2d(x, this.parts.weight.value, bias, { stride, dilation, groups, padding, ...then });
  }
}
