import { count, required } from '../../checks.ts';
import { concat } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Context, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import { Sequential } from '../sequential.ts';
import { Activation } from './activation.ts';
import { Conv2d } from './conv2d.ts';

export interface FireOptions {
  /** s, channels after the first convolution. */
  readonly squeeze: number;
  /** e, channels of each of the other two. */
  readonly expand: number;
}

/**
 * SqueezeNet's fire module (Iandola 2016), `[B, H, W, C]` → `[B, H, W, 2e]`: a convolution of 1 × 1 to s channels, then side by
 * side one of 1 × 1 and one of 3 × 3, each to e channels and with relu. Parameters, as torchvision's: `squeeze.weight`,
 * `expand1x1.weight`, `expand3x3.weight`, and the biases.
 */
export class Fire extends Buildable<{ squeeze: Sequential; expand: readonly Sequential[] }> implements Layer {
  readonly config: { readonly layer: 'fire' } & FireOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: FireOptions) {
    super();
    this.config = layerConfig('fire', options, { squeeze: required(count), expand: required(count) });
  }

  /** @throws ShapeError unless the input is [B, H, W, C] */
  build(input: Shape, declarations: Declarations): Shape {
    const activated = (name: string, channels: number, kernel: number): Sequential =>
      new Sequential({
        [name]: new Conv2d({ channels, kernel, padding: (kernel - 1) / 2 }),
        [`${name}_activation`]: new Activation({ kind: 'relu' }),
      });
    const { squeeze, expand: channels } = this.config;
    const [first, ...expand] = [
      activated('squeeze', squeeze, 1),
      activated('expand1x1', channels, 1),
      activated('expand3x3', channels, 3),
    ];
    const squeezed = first.build(input, declarations);
    const outputs = expand.map((branch) => branch.build(squeezed, declarations));
    this.parts = { squeeze: first, expand };
    return [...outputs[0].slice(0, -1), 2 * channels];
  }

  apply(x: Tensor, context: Context): Tensor {
    const { squeeze, expand } = this.parts;
    const squeezed = squeeze.apply(x, context);
    return concat(
      expand.map((branch) => branch.apply(squeezed, context)),
      -1,
    );
  }
}
