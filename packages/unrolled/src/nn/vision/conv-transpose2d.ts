import { count, flag, required } from '../../checks.ts';
import { convTranspose2d, type Size2d } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import type { Layer } from '../layer.ts';
import { initialiserKind, layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { border2d, pairOf, requireGroups, requireImages, size2d } from './window.ts';

export interface ConvTranspose2dOptions {
  /** O, the number of output channels. */
  readonly channels: number;
  /** Rows and columns of the kernel; one number for both. */
  readonly kernel: Size2d;
  /** Distance of the outputs of neighbouring inputs. Default 1. */
  readonly stride?: Size2d | undefined;
  /** Rows and columns left out around the output. Default 0. */
  readonly padding?: number | readonly [number, number] | undefined;
  /** Further rows and columns below and right, fewer than the stride. Default 0. */
  readonly outputPadding?: number | readonly [number, number] | undefined;
  /** Default 1. */
  readonly dilation?: Size2d | undefined;
  /** Groups of input and output channels that do not see each other. Default 1. */
  readonly groups?: number | undefined;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Default: as 'he', for the kernel·C/(groups·stride²) inputs that an output sees. */
  readonly weight?: Initialiser | undefined;
}

/**
 * Transposed convolution, which enlarges: the gradient of a convolution with respect to its input. `[B, H, W, C]` →
 * `[B, H′, W′, O]` with H′ = (H − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1. Parameters: `weight`
 * [C, O/groups, rows, columns] and `bias` [O], as PyTorch's.
 */
export class ConvTranspose2d extends Buildable<{ weight: Parameter; bias: Parameter | null }> implements Layer {
  readonly config: { readonly layer: 'convTranspose2d' } & ConvTranspose2dOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: ConvTranspose2dOptions) {
    super();
    this.config = layerConfig('convTranspose2d', options, {
      channels: required(count),
      kernel: required(size2d),
      stride: size2d,
      padding: border2d,
      outputPadding: border2d,
      dilation: size2d,
      groups: count,
      bias: flag,
      weight: initialiserKind,
    });
  }

  /** @throws ShapeError if the input is not [B, H, W, C]; ConfigError if groups do not fit */
  build(input: Shape, declarations: Declarations): Shape {
    const [B, H, W, C] = requireImages('convTranspose2d', input);
    const { channels, groups = 1, bias = true, padding = 0, outputPadding = 0 } = this.config;
    requireGroups('convTranspose2d', groups, { input: C, output: channels });
    const kernel = pairOf(this.config.kernel);
    const [stride, dilation] = [pairOf(this.config.stride ?? 1), pairOf(this.config.dilation ?? 1)];
    const [cut, more] = [pairOf(padding), pairOf(outputPadding)];
    const fanIn = (C / groups) * Math.max(1, (kernel[0] * kernel[1]) / (stride[0] * stride[1]));
    const { weight = { kind: 'normal', deviation: Math.sqrt(2 / fanIn) } } = this.config;
    this.parts = {
      weight: declarations.declare('weight', [C, channels / groups, ...kernel], weight),
      bias: bias ? declarations.declare('bias', [channels], zeros) : null,
    };
    const output = [H, W].map((extent, i) =>
      extent < 0 ? -1 : (extent - 1) * stride[i] - 2 * cut[i] + dilation[i] * (kernel[i] - 1) + more[i] + 1,
    );
    return [B, ...output, channels];
  }

  apply(x: Tensor): Tensor {
    const { weight, bias } = this.parts;
    const { stride, padding, outputPadding, dilation, groups } = this.config;
    const options = { stride, padding, outputPadding, dilation, groups };
    return convTranspose2d(x, weight.value, bias?.value ?? null, options);
  }
}
