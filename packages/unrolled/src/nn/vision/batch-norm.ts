import { number } from '../../checks.ts';
import { add, batchNorm, batchNormAffine, mul } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { ones, zeros } from '../initialisers.ts';
import type { Context, Fused, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { activate, activationOf } from './activation.ts';

export interface BatchNormOptions {
  /** ε. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** m, the share of a batch's statistics in the running ones. Default 0.1. */
  readonly momentum?: number | undefined;
}

interface Parts {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly mean: Parameter;
  readonly variance: Parameter;
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015) of each channel, `[…, C]`:
 *
 *     y = w ⊙ (x − mean)/√(variance + ε) + b
 *
 * In training, mean and (biased) variance are the batch's, over all axes but the last, and the running ones follow:
 * running ← (1 − m)·running + m·batch, with the unbiased variance. Otherwise the running ones are used, and y is affine in x.
 * Parameters: `weight` [C], initially 1, and `bias` [C], initially 0; buffers: `running_mean`, `running_var`.
 */
export class BatchNorm extends Buildable<Parts> implements Layer {
  readonly config: { readonly layer: 'batchNorm' } & BatchNormOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: BatchNormOptions = {}) {
    super();
    this.config = layerConfig('batchNorm', options, {
      epsilon: number({ from: 0 }),
      momentum: number({ from: 0, to: 1 }),
    });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const shape = [input.at(-1)!];
    this.parts = {
      weight: declarations.declare('weight', shape, ones),
      bias: declarations.declare('bias', shape, zeros),
      mean: declarations.buffer('running_mean', shape),
      variance: declarations.buffer('running_var', shape, ones),
    };
    return input;
  }

  /** @throws ShapeError when training on a single value a channel, which has no variance */
  apply(x: Tensor, context: Context): Tensor {
    return this.#normalise(x, context, 'none');
  }

  applyFused(x: Tensor, context: Context, following: readonly Layer[]): Fused {
    const activation = activationOf(following[0]);
    return { value: this.#normalise(x, context, activation), included: activation === 'none' ? 0 : 1 };
  }

  #normalise(x: Tensor, context: Context, activation: 'none' | 'relu' | 'relu6'): Tensor {
    if (!context.training) {
      const { scale, shift } = this.affine();
      return activate(add(mul(x, scale), shift), activation);
    }
    const { weight, bias, mean, variance } = this.parts;
    const { epsilon = 1e-5, momentum = 0.1 } = this.config;
    const running = { mean: mean.value, variance: variance.value, momentum };
    return batchNorm(x, weight.value, bias.value, { epsilon, activation, running }).y;
  }

  /** y = scale ⊙ x + shift, with the running statistics; both `[C]`. */
  affine(): { readonly scale: Tensor; readonly shift: Tensor } {
    const { weight, bias, mean, variance } = this.parts;
    const { epsilon = 1e-5 } = this.config;
    return batchNormAffine(weight.value, bias.value, mean.value, variance.value, epsilon);
  }
}
