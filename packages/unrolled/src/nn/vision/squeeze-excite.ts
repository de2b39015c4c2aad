import { count } from '../../checks.ts';
import { globalAveragePool, mul, reshape, sigmoid } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Context, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import { Sequential } from '../sequential.ts';
import { Activation } from './activation.ts';
import { Conv2d } from './conv2d.ts';
import { requireImages } from './window.ts';

export interface SqueezeExciteOptions {
  /** r: the hidden layer has C/r units. Default 16. */
  readonly reduction?: number | undefined;
}

/**
 * Squeeze and excitation (Hu 2018): each channel is weighted by a function of the means of all channels, `[B, H, W, C]` →
 * `[B, H, W, C]`:
 *
 *     s = σ(W₂ max(W₁ z + b₁, 0) + b₂),   y = s ⊙ x,   with z the mean of x over all places
 *
 * Parameters, as torchvision's: `fc1.weight` W₁ [⌈C/r⌉, C, 1, 1], `fc1.bias`, `fc2.weight` W₂ [C, ⌈C/r⌉, 1, 1], `fc2.bias`.
 */
export class SqueezeExcite extends Buildable<{ excite: Sequential }> implements Layer {
  readonly config: { readonly layer: 'squeezeExcite' } & SqueezeExciteOptions;

  /** @throws ConfigError on an unknown option or a reduction below 1 */
  constructor(options: SqueezeExciteOptions = {}) {
    super();
    this.config = layerConfig('squeezeExcite', options, { reduction: count });
  }

  /** @throws ShapeError unless the input is [B, H, W, C] */
  build(input: Shape, declarations: Declarations): Shape {
    const [B, , , C] = requireImages('squeezeExcite', input);
    const excite = new Sequential({
      fc1: new Conv2d({ channels: Math.ceil(C / (this.config.reduction ?? 16)), kernel: 1 }),
      activation: new Activation({ kind: 'relu' }),
      fc2: new Conv2d({ channels: C, kernel: 1, weight: { kind: 'xavier' } }),
    });
    excite.build([B, 1, 1, C], declarations);
    this.parts = { excite };
    return input;
  }

  apply(x: Tensor, context: Context): Tensor {
    const { excite } = this.parts;
    const [B, , , C] = x.shape;
    const means = reshape(globalAveragePool(x), [B, 1, 1, C]);
    return mul(x, sigmoid(excite.apply(means, context)));
  }
}
