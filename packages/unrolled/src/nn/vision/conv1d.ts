import { count, flag, type Kind, required } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { type Conv1dOptions as Conv1dCall, conv1d } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import type { Layer } from '../layer.ts';
import { initialiserKind, layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { border2d, requireGroups } from './window.ts';

export interface Conv1dOptions {
  /** O, the number of output channels. */
  readonly channels: number;
  /** k, the steps that the kernel covers. */
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number | undefined;
  /** Distance of neighbouring taps of the kernel. Default 1. */
  readonly dilation?: number | undefined;
  /** Groups of input and output channels that do not see each other. Default 1. */
  readonly groups?: number | undefined;
  /** Steps of zeros; 'causal': all before the sequence, so that no output sees a later step. Default 'valid'. */
  readonly padding?: Conv1dCall['padding'];
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Default 'he'. */
  readonly weight?: Initialiser | undefined;
}

const padding1d: Kind = {
  must: "'valid', 'same', 'causal', a whole number from 0 or [before, after]",
  fits: (value) => ['valid', 'same', 'causal'].includes(value as string) || border2d.fits(value),
};

/**
 * Convolution over time, `[T, B, C]` → `[T′, B, O]`. Parameters: `weight` [O, C/groups, k] and `bias` [O], as PyTorch's.
 *
 * @example
 * // A dilated causal convolution, as in WaveNet (van den Oord 2016): each output sees steps t, t − 4 and t − 8.
 * const layer = new Conv1d({ channels: 16, kernel: 3, dilation: 4, padding: 'causal' });
 */
export class Conv1d extends Buildable<{ weight: Parameter; bias: Parameter | null }> implements Layer {
  readonly config: { readonly layer: 'conv1d' } & Conv1dOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: Conv1dOptions) {
    super();
    this.config = layerConfig('conv1d', options, {
      channels: required(count),
      kernel: required(count),
      stride: count,
      dilation: count,
      groups: count,
      padding: padding1d,
      bias: flag,
      weight: initialiserKind,
    });
  }

  /** @throws ShapeError if the input is not [T, B, C]; ConfigError if groups do not fit */
  build(input: Shape, declarations: Declarations): Shape {
    if (input.length !== 3) {
      throw new ShapeError(`conv1d: needs sequences [T, B, C], received ${formatShape(input)}`, { input });
    }
    const { channels, kernel, groups = 1, bias = true, weight = { kind: 'he' } } = this.config;
    const [T, B, C] = input;
    requireGroups('conv1d', groups, { input: C, output: channels });
    this.parts = {
      weight: declarations.declare('weight', [channels, C / groups, kernel], weight),
      bias: bias ? declarations.declare('bias', [channels], zeros) : null,
    };
    return [T < 0 ? -1 : this.#steps(T), B, channels];
  }

  #steps(T: number): number {
    const { kernel, stride = 1, dilation = 1, padding = 'valid' } = this.config;
    const covered = (kernel - 1) * dilation;
    if (padding === 'same' || padding === 'causal') return Math.ceil(T / stride);
    const [before, after] = padding === 'valid' ? [0, 0] : typeof padding === 'number' ? [padding, padding] : padding;
    return Math.floor((T + before + after - covered - 1) / stride) + 1;
  }

  apply(x: Tensor): Tensor {
    const { weight, bias } = this.parts;
    const { stride, dilation, groups, padding } = this.config;
    return conv1d(x, weight.value, bias?.value ?? null, { stride, dilation, groups, padding });
  }
}
