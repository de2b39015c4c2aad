import { count, number, oneOf, required } from '../../checks.ts';
import { add } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { applyPart, type Context, type Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import { Sequential } from '../sequential.ts';
import { Activation } from './activation.ts';
import { BatchNorm, type BatchNormOptions } from './batch-norm.ts';
import { Conv2d } from './conv2d.ts';
import { DepthwiseConv2d } from './depthwise-conv2d.ts';
import { SqueezeExcite } from './squeeze-excite.ts';
import { requireImages } from './window.ts';

export interface InvertedResidualOptions {
  /** O, the number of output channels. */
  readonly channels: number;
  /** t: the block is t times as wide inside. Default 6. */
  readonly expansion?: number | undefined;
  /** Rows and columns of the depthwise kernel, odd. Default 3. */
  readonly kernel?: number | undefined;
  /** Default 1. */
  readonly stride?: number | undefined;
  /** 'symmetric' zeros, as PyTorch's, or 'same', which with a stride of 2 are fewer above and left, as TensorFlow's. Default 'symmetric'. */
  readonly padding?: 'symmetric' | 'same' | undefined;
  /** Reduction of a squeeze and excitation after the depthwise convolution. Default: none. */
  readonly squeezeExcite?: number | undefined;
  /** Options of the batch norms; false: none, and convolutions with a bias, as where they were folded in. */
  readonly batchNorm?: BatchNormOptions | false | undefined;
}

/**
 * Inverted residual with a linear bottleneck (Sandler 2018), `[B, H, W, C]` → `[B, H′, W′, O]`: a convolution of 1 × 1 to tC
 * channels, a depthwise one, both with relu6, and one of 1 × 1 to O channels, without an activation, each with batch norm; plus
 * x, where the shapes are the same. Without the first where t = 1. Parameters, as torchvision's: `conv.0.0.weight`,
 * `conv.0.1.weight`, …, `conv.1.0.weight`, …, `conv.2.weight`, `conv.3.weight`, ….
 */
export class InvertedResidual extends Buildable<{ conv: Sequential; residual: boolean }> implements Layer {
  readonly config: { readonly layer: 'invertedResidual' } & InvertedResidualOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: InvertedResidualOptions) {
    super();
    this.config = layerConfig('invertedResidual', options, {
      channels: required(count),
      expansion: number({ above: 0 }),
      kernel: { must: 'an odd number', fits: (value) => Number.isSafeInteger(value) && (value as number) % 2 === 1 },
      stride: count,
      padding: oneOf(['symmetric', 'same']),
      squeezeExcite: count,
      batchNorm: {
        must: 'options of a batch norm, or false',
        fits: (value) => value === false || typeof value === 'object',
      },
    });
  }

  /** @throws ShapeError unless the input is [B, H, W, C] */
  build(input: Shape, declarations: Declarations): Shape {
    const [, , , C] = requireImages('invertedResidual', input);
    const { channels, expansion = 6, kernel = 3, stride = 1, squeezeExcite, batchNorm = {} } = this.config;
    const padding = this.config.padding === 'same' ? 'same' : (kernel - 1) / 2;
    const [hidden, bias] = [Math.round(C * expansion), batchNorm === false];
    const norms = (): Layer[] => (batchNorm === false ? [] : [new BatchNorm(batchNorm)]);
    const activated = (convolution: Layer): Layer =>
      new Sequential([convolution, ...norms(), new Activation({ kind: 'relu6' })]);
    const conv = new Sequential([
      ...(expansion === 1 ? [] : [activated(new Conv2d({ channels: hidden, kernel: 1, bias }))]),
      activated(new DepthwiseConv2d({ kernel, stride, padding, bias })),
      ...(squeezeExcite === undefined ? [] : [new SqueezeExcite({ reduction: squeezeExcite })]),
      new Conv2d({ channels, kernel: 1, bias }),
      ...norms(),
    ]);
    this.parts = { conv, residual: stride === 1 && channels === C };
    return conv.build(input, declarations.within('conv'));
  }

  apply(x: Tensor, context: Context): Tensor {
    const { conv, residual } = this.parts;
    const y = applyPart('conv', conv, x, context);
    return residual ? add(x, y) : y;
  }
}
